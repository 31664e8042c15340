# FlowDSL as an image: `docker build -t flowdsl .`, then in a project
#   docker run --rm -v "$PWD":/project -e CYBERDESK_API_KEY flowdsl check
FROM python:3.12-slim-bookworm AS build
COPY . /source
# By digest, the tools that build among them; FlowDSL itself is built from these files.
RUN python -m venv /opt/flowdsl \
 && /opt/flowdsl/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r /source/ci/requirements.txt \
 && /opt/flowdsl/bin/pip install --no-cache-dir --no-deps --no-build-isolation /source

FROM python:3.12-slim-bookworm
# git: the commit of a deploy, and state on a ref.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home flowdsl \
 # A mounted project belongs to somebody else, which git would refuse.
 && git config --system --add safe.directory '*'
COPY --from=build /opt/flowdsl /opt/flowdsl
ENV PATH=/opt/flowdsl/bin:$PATH
USER flowdsl
WORKDIR /project
ENTRYPOINT ["flowdsl"]
CMD ["--help"]
