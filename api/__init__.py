"""The service: upload, score, store and review calls. `api.app.create_app` puts it together."""
