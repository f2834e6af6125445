"""`python -m services.escalation web|work|migrate`, configured by the environment (`.env.example`)."""

from services.escalation import app
from services.escalation.settings import Settings
from shared.process import run

if __name__ == "__main__":
    run("escalation", Settings, {"web": app.web, "work": app.work, "migrate": app.migrate})
