# syntax=docker/dockerfile:1

# The programs of Rampart, one target each:
#
#   docker build --target worker       --tag registry.example.test/ramp-worker:v1 .
#   docker build --target gateway      --tag registry.example.test/ramp-gateway:v1 .
#   docker build --target starter      --tag registry.example.test/ramp-starter:v1 .
#   docker build --target codec-server --tag registry.example.test/ramp-codec-server:v1 .
#   docker build --target sandbox      --tag registry.example.test/ramp-sandbox:v1 .
#
# loopback-proxy is used by compose.yaml only, which builds it.
#
# The base images are referenced by tag. To pin one by digest, append the digest that docker buildx imagetools inspect
# golang:1.26.8-bookworm prints, as name:tag@sha256:...
#
# The programs are static, run as user 65532, and do not write to the root file system, which may be read-only.

FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# What the programs say that they are: docker build --build-arg VERSION=v1.2.3
ARG VERSION
ARG TARGETOS TARGETARCH
ENV CGO_ENABLED=0 GOCACHE=/go/build GOOS=$TARGETOS GOARCH=$TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/go/build \
    go build -trimpath -ldflags="-s -w -buildid= -X rampart/internal/release.version=$VERSION" -o /image/usr/local/bin/ \
      ./worker ./gateway ./starter ./codec/cmd/codec-server ./sandbox/cmd/sandbox ./deploy/loopback-proxy
# Mount points of the volumes for the keyset, KYC dossiers and records, writable by the programs' user.
RUN install -d -m 0700 /image/var/lib/rampart/keys /image/var/lib/rampart/kyc /image/var/lib/rampart/records

# The image contains only CA certificates, time zones and the user nonroot, 65532: no shell and no packages.
FROM gcr.io/distroless/static-debian12:nonroot AS base
COPY --from=build --chown=65532:65532 /image/var/lib/rampart /var/lib/rampart
ENV RAMP_KEYSET_FILE=/var/lib/rampart/keys/keyset.json
USER 65532:65532

FROM base AS gateway
COPY --from=build /image/usr/local/bin/gateway /usr/local/bin/gateway
ENTRYPOINT ["/usr/local/bin/gateway"]

FROM base AS starter
COPY --from=build /image/usr/local/bin/starter /usr/local/bin/starter
ENTRYPOINT ["/usr/local/bin/starter"]

FROM base AS codec-server
COPY --from=build /image/usr/local/bin/codec-server /usr/local/bin/codec-server
ENTRYPOINT ["/usr/local/bin/codec-server"]

FROM base AS sandbox
COPY --from=build /image/usr/local/bin/sandbox /usr/local/bin/sandbox
ENTRYPOINT ["/usr/local/bin/sandbox"]

FROM base AS loopback-proxy
COPY --from=build /image/usr/local/bin/loopback-proxy /usr/local/bin/loopback-proxy
ENTRYPOINT ["/usr/local/bin/loopback-proxy"]

FROM base AS worker
COPY --from=build /image/usr/local/bin/worker /usr/local/bin/worker
ENTRYPOINT ["/usr/local/bin/worker"]
