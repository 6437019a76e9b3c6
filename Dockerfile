# One image, one binary. Build: docker build -t pennon .
FROM rust:1.95-slim-bookworm AS builder
WORKDIR /build

# Dependencies first, in a layer of their own: it is built again only when a manifest changes. Every target that a
# manifest names needs a file, so each gets an empty one.
COPY Cargo.toml Cargo.lock ./
COPY sdk/engine/Cargo.toml sdk/engine/
COPY sdk/rust/Cargo.toml sdk/rust/
COPY tests/load/Cargo.toml tests/load/
RUN mkdir -p src sdk/engine/src sdk/engine/benches sdk/rust/src sdk/rust/benches sdk/rust/tests tests/load/src \
    && echo 'fn main() {}' | tee src/main.rs sdk/engine/benches/evaluate.rs sdk/rust/benches/evaluate.rs \
        sdk/rust/tests/openfeature.rs tests/load/src/main.rs > /dev/null \
    && touch src/lib.rs sdk/engine/src/lib.rs sdk/rust/src/lib.rs \
    && cargo build --locked --profile dist --bin pennon

# Then the server itself. The files come with the times of the checkout, which may be older than the layer above:
# touched, or cargo would take the empty ones for current.
COPY sdk/engine/src sdk/engine/src
COPY migrations migrations
COPY src src
RUN touch src/main.rs src/lib.rs sdk/engine/src/lib.rs \
    && cargo build --locked --profile dist --bin pennon

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 pennon \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/pennon --shell /usr/sbin/nologin pennon \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/pennon
COPY --from=builder /build/target/dist/pennon /usr/local/bin/pennon

# Every setting is a variable; docs/OPERATIONS.md lists them all.
ENV PENNON_LISTEN=0.0.0.0:8080 \
    PENNON_DATA_DIR=/var/lib/pennon
USER 10001:10001
WORKDIR /var/lib/pennon
VOLUME ["/var/lib/pennon"]
EXPOSE 8080
# Drains for at most PENNON_DRAIN_TIMEOUT (10 s); give the container longer than that before it is killed.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["pennon", "healthcheck"]
ENTRYPOINT ["pennon"]
