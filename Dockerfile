# The one image of all ScanStream services: the hashed lock and this checkout, run by a user without rights.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/scanstream/bin:$PATH
RUN python -m venv /opt/scanstream
WORKDIR /source
COPY requirements/run.txt requirements/
RUN pip install --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY models models/
COPY stream stream/
COPY dashboard dashboard/
COPY migrations migrations/
RUN pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/scanstream /opt/scanstream
# named volumes take over owner and mode of the folders they are first mounted on
RUN useradd --system --uid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin scanstream \
    && install --directory --owner=scanstream --group=scanstream --mode=0700 /data /archive /key
ENV PATH=/opt/scanstream/bin:$PATH PYTHONUNBUFFERED=1 HOME=/tmp
USER 10001
WORKDIR /data
CMD ["scanstream", "--help"]
