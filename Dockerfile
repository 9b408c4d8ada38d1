# On the CPU:               docker build -t videxpr .
# For NVIDIA's GPUs:        docker build -t videxpr:cuda --build-arg TORCH_INDEX=https://pypi.org/simple .
# Also as nodes of Ray:     --build-arg EXTRAS=ray,s3
# A folder's videos:        docker run --rm --init -u "$(id -u):$(id -g)" -v "$PWD:/data" videxpr annotate videos
FROM debian:bookworm-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG EXTRAS=s3
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-venv
RUN python3 -m venv /opt/videxpr
ENV PATH=/opt/videxpr/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# a layer of its own: it is the largest, and changes least
RUN pip install torch torchvision --index-url "$TORCH_INDEX"
COPY . /src
RUN pip install "/src[$EXTRAS]"

FROM debian:bookworm-slim
# libgl1 and libglib2.0-0: OpenCV's wheel links them
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libgl1 libglib2.0-0 python3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/videxpr /opt/videxpr
# a home that any --user may write to, for what is downloaded
RUN useradd --create-home videxpr && chmod 1777 /home/videxpr
ENV PATH=/opt/videxpr/bin:$PATH HOME=/home/videxpr
USER videxpr
WORKDIR /data
ENTRYPOINT ["videxpr"]
CMD ["--help"]
