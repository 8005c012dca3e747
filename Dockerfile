# gillnet for the CPU: `docker build -t gillnet .`, then `docker run --init gillnet --help`.
# docs/containers.md tells what is in it, how large that is and how this file is checked. Dockerfile.cuda is this one and
# what a GPU needs.

FROM node:24.21.0-bookworm-slim AS base

FROM base AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# As much of each version as stays the same in this Debian; pip is for where LibTorch's zip can't be fetched.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends \
    cmake=3.25.* \
    g++=4:12.* \
    make=4.3-* \
    ninja-build=1.11.* \
    python3-pip=23.0.* \
  && rm -rf /var/lib/apt/lists/*
# Here, beside the image's Node, lie the headers that an npm package is compiled with where it has no binary.
ENV npm_package_config_node_gyp_nodedir=/usr/local
ENV GILLNET_CACHE=/opt/libtorch
WORKDIR /opt/gillnet

# Layers in the order of how seldom they change: LibTorch, npm packages, the addon, the TypeScript.
COPY scripts/libtorch.mjs scripts/libtorch-variants.mjs scripts/setup.mjs scripts/shell.mjs scripts/
RUN node scripts/setup.mjs libtorch
COPY package.json package-lock.json ./
RUN node scripts/setup.mjs packages
COPY CMakeLists.txt ./
COPY native native
RUN node scripts/setup.mjs addon
# LibTorch's shared libraries that the addon loads, where its RPATH and theirs look, and what a GPU's open by name; no
# headers. LibTorch's symbol tables, a fifth of it, serve debuggers only; NVIDIA's libraries have none.
RUN mkdir /runtime \
  && { find build/Release -maxdepth 1 -name 'gillnet*' -exec ldd {} + | awk '$3 ~ "^/opt/libtorch/" { print $3 }'; \
    find /opt/libtorch \( -name 'libcudnn_*.so*' -o -name 'libnvrtc-builtins.so*' \); } \
  | xargs realpath --no-symlinks \
  | sort --unique \
  | xargs cp --parents --dereference --preserve=timestamps --target-directory=/runtime \
  && find /runtime -type f -not -path '*/nvidia/*' -exec strip --strip-unneeded {} +
COPY tsconfig.json ./
COPY lib lib
RUN node scripts/setup.mjs
# The sources of SQLite and objects remain where better-sqlite3 had to be compiled.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/better-sqlite3*/deps node_modules/better-sqlite3/build/Release/obj*

FROM base
LABEL org.opencontainers.image.title="gillnet" \
  org.opencontainers.image.description="Trains and serves image classifiers from Node, on LibTorch" \
  org.opencontainers.image.version="0.1.0" \
  org.opencontainers.image.licenses="MIT"
COPY --from=build /runtime/opt/libtorch /opt/libtorch
COPY --from=build /opt/gillnet/node_modules /opt/gillnet/node_modules
COPY --from=build /opt/gillnet/build/gillnet.json /opt/gillnet/build/
COPY --from=build /opt/gillnet/build/Release/gillnet.node /opt/gillnet/build/Release/gillnet_fingerprint.node \
  /opt/gillnet/build/Release/gillnet_terminal.node /opt/gillnet/build/Release/
COPY --from=build /opt/gillnet/dist/lib /opt/gillnet/dist/lib
COPY LICENSE package.json /opt/gillnet/
COPY scripts/gillnet.mjs scripts/libtorch.mjs scripts/libtorch-variants.mjs scripts/setup.mjs scripts/shell.mjs \
  /opt/gillnet/scripts/
# Volumes take over the owner of the folders that they are mounted on.
RUN ln -s /opt/gillnet/scripts/gillnet.mjs /usr/local/bin/gillnet \
  && mkdir -p /var/lib/gillnet/.gillnet/cache /var/lib/gillnet/.gillnet/runs \
  && chown -R 1000:1000 /var/lib/gillnet
ENV NODE_ENV=production
ENV GILLNET_CACHE=/var/lib/gillnet/.gillnet/cache
# The base image's user node.
USER 1000:1000
# An image that can't train is none.
WORKDIR /tmp
RUN gillnet doctor && rm -r .gillnet
WORKDIR /var/lib/gillnet
# No HEALTHCHECK: each command does its work and ends.
ENTRYPOINT ["gillnet"]
CMD ["--help"]
