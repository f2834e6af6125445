"""`python -m services.intake web|work|migrate`, configured by the environment (`.env.example`)."""

from services.intake import app
from services.intake.settings import Settings
from shared.process import run

if __name__ == "__main__":
    run("intake", Settings, {"web": app.web, "work": app.work, "migrate": app.migrate})
