import os

import requests
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.post("/ask")
def ask():
    answer = requests.post(
        "https://api.anthropic.com/v1/messages",
        headers={"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2023-06-01"},
        json={
            "model": "claude-3-5-haiku-latest",
            "max_tokens": 500,
            "messages": [{"role": "user", "content": request.json["question"]}],
        },
    )
    return jsonify(answer.json())
