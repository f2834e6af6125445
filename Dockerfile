# The one image of all services: `docker build -t beredskab .`, run as `intake web`, `triage work`, `notify migrate`, …

FROM python:3.11-slim-bookworm AS packages
COPY requirements.runtime.lock .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.runtime.lock \
    && /opt/venv/bin/python -m pip uninstall -y -q pip setuptools

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home beredskab
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY shared shared
COPY services services
COPY deploy/seed deploy/seed
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m compileall -q shared services
USER 10001:10001
HEALTHCHECK --interval=5s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/ready', timeout=2)"]
ENTRYPOINT ["/bin/sh", "-c", "exec python -m \"services.$0\" \"$@\""]
