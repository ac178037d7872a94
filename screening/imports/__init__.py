"""Reading files of records: tables, JSON and FHIR bundles become drafts; a preview says what they would change.

Nothing here writes; `screening.services.importing` stores, commits and purges.
"""
