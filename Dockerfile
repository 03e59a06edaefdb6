# minigrad and its course in an image: `make image`. It holds solutions and hidden checks: give it to nobody.
# FROM can be any image with Python 3.11 or newer and its venv.
ARG FROM=python:3.12-slim
FROM ${FROM}

# pip's own folder of wheels, so that /course/requirements.txt is right
COPY constraints.txt /tmp/
COPY dist/staff/*.whl /course/wheels/
RUN python3 -m venv /opt/minigrad \
    && /opt/minigrad/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        -c /tmp/constraints.txt "$(echo /course/wheels/*.whl)[course]" \
    && rm /tmp/constraints.txt
ENV PATH=/opt/minigrad/bin:$PATH

ARG ASSIGNMENTS="00-autograd 01-rnn 02-lstm 03-gru 04-batches 05-training 06-seq2seq 07-fast 08-applications 09-attention"
RUN minigrad init /course $ASSIGNMENTS && minigrad --course /course build --check \
    && chown -R 1000:1000 /course

# An ordinary user, without a name: `--user` can be any other, root too. What needs a home gets /tmp.
USER 1000:1000
ENV HOME=/tmp
WORKDIR /course
ENTRYPOINT ["minigrad"]
CMD ["--help"]
