"""FHIR R4 bundles: which elements are read at all, which codes mean what, and what becomes of each resource."""
