"""`python -m services.notify work|migrate`, configured by the environment (`.env.example`)."""

from services.notify import app
from services.notify.settings import Settings
from shared.process import run

if __name__ == "__main__":
    run("notify", Settings, {"work": app.work, "migrate": app.migrate})
