# The program alone; also what the hook plimsoll-secrets-docker builds.
FROM debian:12-slim AS build
COPY . /src
WORKDIR /src
RUN tools/deps build \
 && meson setup -Dtests=disabled -Dbuildtype=release /build \
 && ninja -C /build \
 && DESTDIR=/out meson install -C /build --no-rebuild
FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libre2-9 libtomlplusplus3 libjansson4 libyaml-0-2 \
    libsqlite3-0 libarchive13 libseccomp2 libisal2 libvectorscan5 libgit2-1.5 libpsl5 libcurl4 \
    libbrotli1 libssl3 libsodium23 libpq5 libmicrohttpd12 libgnutls30 ca-certificates git \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr/local /usr/local
USER 65534:65534
ENTRYPOINT []
