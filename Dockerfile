ARG PYTHON_TAG=3.12-slim

FROM python:${PYTHON_TAG} AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY apt_settings apt_settings
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel . \
    && pip install --no-cache-dir --prefix /installed "apt-settings[cli] @ file://$(echo /wheel/*.whl)"

FROM python:${PYTHON_TAG}
COPY --from=build /installed /usr/local
RUN install -d -o 10001 -g 10001 /output
WORKDIR /job
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
# Where to write is the image's to say; every other default is the package's.
ENV APT_OUTPUT_DIR=/output
ENTRYPOINT ["apt-settings"]
CMD ["show"]
