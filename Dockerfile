# The scanner as a container: `scan` and nothing else to start, not as root, no pip at run time.
#
#   docker build -t transfer-exposure-scanner .
#   docker run --rm -v "$PWD:/work" -v scanner-state:/var/lib/scanner \
#       transfer-exposure-scanner run targets.json --reports reports
#
# /work        the team's files and the reports; must be writable for user 10001 to take reports
# /var/lib/scanner   what earlier nights left behind: keep this volume
#
# One name for both stages: pin it by digest with --build-arg PYTHON_IMAGE=python@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_CONSTRAINT=/src/constraints.txt \
    PIP_BUILD_CONSTRAINT=/src/constraints.txt
WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY scanner scanner
# pip works from outside the environment, so that none of it gets into the image.
RUN python -m venv --without-pip /opt/scanner \
    && python -m pip --python /opt/scanner/bin/python install .

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="transfer-exposure-scanner" \
      org.opencontainers.image.description="Read-only exposure scanner for FTP, FTPS and SFTP servers that you own" \
      org.opencontainers.image.licenses="Apache-2.0"
# A numeric user lets orchestrators see that it is not root; its entry gives programs its name.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/scanner \
        --shell /usr/sbin/nologin scanner \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/scanner \
    && install --directory --owner=10001 --group=10001 --mode=0755 /work
COPY --from=build /opt/scanner /opt/scanner
ENV PATH=/opt/scanner/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/var/lib/scanner \
    XDG_STATE_HOME=/var/lib/scanner \
    PYTHONDONTWRITEBYTECODE=1
VOLUME /var/lib/scanner
WORKDIR /work
USER 10001:10001
ENTRYPOINT ["scan"]
CMD ["--help"]
