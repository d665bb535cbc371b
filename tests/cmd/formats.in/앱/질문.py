"""Asks a model one question."""

import os
import sys

from openai import OpenAI

client = OpenAI(api_key=os.environ["OPENAI_API_KEY"])


def main():
    질문 = sys.argv[1][:4000]
    try:
        답 = client.chat.completions.create(
            model="gpt-4o-mini",
            max_tokens=300,
            messages=[{"role": "user", "content": 질문}],
        )
        print(답.choices[0].message.content)
    except Exception:
        print("잠시 후 다시 시도해 주십시오.")


if __name__ == "__main__":
    main()
