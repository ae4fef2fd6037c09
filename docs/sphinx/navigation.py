"""The order of the pages in the site. A page that is missing here is an error of `make docs`."""

NAVIGATION = {
    "Start": ["/docs/quickstart", "/docs/concepts", "About Kasper </README>"],
    "How-tos": [
        "/docs/howto-qa-lead",
        "/docs/howto-coach",
        "/docs/howto-calibration",
        "/docs/howto-admin",
        "/docs/howto-integrator",
        "/docs/batch",
        "/docs/redaction",
        "/docs/training",
        "/docs/operations",
    ],
    "Adopt it": ["/docs/documents", "/docs/releasing", "/SECURITY"],
    "What it says": [
        "/docs/traits",
        "/docs/report",
        "/docs/scorecards",
        "/docs/metrics",
        "/docs/insights",
        "/docs/trust",
    ],
    "Reference": [
        "/docs/cli",
        "/docs/api",
        "/docs/live",
        "/docs/configuration",
        "/docs/formats",
        "/docs/python",
    ],
    "Model and data": [
        "/models/kasper-tagger/MODEL_CARD",
        "/data/training/README",
        "/data/samples/README",
        "/notebooks/README",
    ],
    "The project": ["/ARCHITECTURE", "/CONTRIBUTING", "/CHANGELOG"],
}
