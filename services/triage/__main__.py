"""`python -m services.triage work|migrate`, configured by the environment (`.env.example`)."""

from services.triage import app
from services.triage.settings import Settings
from shared.process import run

if __name__ == "__main__":
    run("triage", Settings, {"work": app.work, "migrate": app.migrate})
