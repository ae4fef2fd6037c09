# Builds the wheel, then installs it with its pinned dependencies for a user without rights.
#   docker build -t kasper .
#   docker run --rm -v "$PWD/calls:/calls:ro" kasper score /calls
#   docker run -p 8000:8000 -v kasper:/home/kasper/data kasper serve --host 0.0.0.0 --data data

FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/kasper
COPY constraints.txt ./
# the dependencies change less often than the code, so they have a layer of their own
COPY pyproject.toml README.md LICENSE ./
RUN /opt/kasper/bin/pip install --no-cache-dir --constraint constraints.txt hatchling \
    && /opt/kasper/bin/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print('\n'.join(p['dependencies'] + p['optional-dependencies']['api']))" > requirements.txt \
    && /opt/kasper/bin/pip install --no-cache-dir --constraint constraints.txt -r requirements.txt
COPY analyzer ./analyzer
COPY models/kasper-tagger ./models/kasper-tagger
RUN /opt/kasper/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/kasper/bin/pip uninstall --yes hatchling

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 kasper
COPY --from=build /opt/kasper /opt/kasper
# the service is no part of the wheel
COPY api /opt/kasper/service/api
ENV PATH=/opt/kasper/bin:$PATH PYTHONPATH=/opt/kasper/service
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/kasper
# a volume that is mounted here takes over the folder's owner
RUN mkdir data
EXPOSE 8000
# the image is healthy when the weights load and a call can be scored
HEALTHCHECK --interval=60s --timeout=10s --start-period=10s \
  CMD ["sh", "-c", "printf 'Agent: hello\\nCustomer: hi there\\n' | kasper score --language en - > /dev/null"]
ENTRYPOINT ["kasper"]
CMD ["--help"]
