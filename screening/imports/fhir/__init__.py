"""FHIR R4 bundles: which elements are read at all, which codes are mapped to what, and what becomes of each resource."""
