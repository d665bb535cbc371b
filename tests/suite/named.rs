//! Of several that a call may be, a message names only those of which it is true.

use crate::cli::launchcheck;
use crate::config::tree;

/// What is said of retries in a script that asks what is imported before.
fn said_of_retries(main: &'static str) -> String {
    let (_folder, root) = tree(&[("main.py", main)]);
    let (_, out, _) = launchcheck(&["--format", "concise", &root], &[]);
    out.lines().filter(|line| line.contains("no-retry")).collect::<Vec<_>>().join("\n")
}

#[test]
fn of_two_clients_the_one_is_named_that_does_not_retry() {
    let said = said_of_retries(
        "import os, sys\n\nfrom langchain_ollama import ChatOllama\nfrom langchain_openai import ChatOpenAI\n\n\
         if os.environ.get(\"KIND\") == \"local\":\n    model = ChatOllama(model=\"llama3.2\", num_predict=90)\n\
         else:\n    model = ChatOpenAI(model=\"gpt-4.1\", max_tokens=90)\n\n\
         if __name__ == \"__main__\":\n    print(model.invoke(sys.argv[1][:900]).content)\n",
    );
    assert!(said.contains("ChatOllama") && !said.contains("ChatOpenAI"), "{said}");
}

#[test]
fn of_two_functions_the_one_is_named_that_does_not_retry() {
    let said = said_of_retries(
        "import os, sys\n\nif os.getenv(\"GATEWAY\", \"no\") == \"yes\":\n    import litellm\n\n    ask = litellm.completion\n\
         else:\n    from openai import OpenAI\n\n    ask = OpenAI(timeout=30).chat.completions.create\n\n\
         if __name__ == \"__main__\":\n    turns = [{\"role\": \"user\", \"content\": sys.argv[1][:900]}]\n    \
         print(ask(model=sys.argv[2], messages=turns, max_tokens=90))\n",
    );
    assert!(said.contains("litellm") && !said.contains("openai"), "{said}");
}
