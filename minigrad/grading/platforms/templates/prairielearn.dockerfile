# Python and the packages that submissions may use. All else comes with the question; nothing here is private.
ARG BASE=python:PYTHON-slim
FROM $BASE
COPY constraints.txt requirements.txt /
RUN python3 -m pip install --no-cache-dir -c /constraints.txt -r /requirements.txt
