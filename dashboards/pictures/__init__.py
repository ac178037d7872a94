"""Pictures drawn by the server as SVG from frozen figures; each has its table, its CSV and says as of when it is."""
