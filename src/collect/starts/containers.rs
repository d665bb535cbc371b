//! What the build files of containers start: the commands of their images.

use super::{DEPTH, SERVED, Starter};
use crate::{
    collect::known::{STARTS, matches},
    lower::settings::{self, container::Instruction},
};

/// One image of a build file, as far as it was read.
#[derive(Default)]
struct Image {
    /// Whether it serves the function that its command names.
    serves_functions: bool,
    entrypoint: Option<Vec<String>>,
    command: Option<Vec<String>>,
}

impl Starter<'_> {
    /// `FROM`, `CMD`, `ENTRYPOINT`, `WORKDIR` and `ENV` of a container's build file.
    pub(super) fn container(&mut self, text: &str, folder: &str) {
        let mut image = Image::default();
        let mut current = folder.to_owned();
        // Images of the file itself that others go on from.
        let mut functions: Vec<String> = Vec::new();
        for instruction in settings::container::instructions(text) {
            let arguments = &instruction.arguments;
            match instruction.name.as_str() {
                "FROM" => {
                    self.started(std::mem::take(&mut image), &current, folder);
                    let mut words = arguments.split_whitespace().filter(|word| !word.starts_with("--"));
                    let name = words.next().unwrap_or_default();
                    image.serves_functions = STARTS.function_images.iter().any(|pattern| matches(pattern, name))
                        || functions.iter().any(|earlier| earlier == name);
                    functions.extend(words.nth(1).filter(|_| image.serves_functions).map(str::to_owned));
                }
                "WORKDIR" => current = self.folder(folder, arguments).unwrap_or_else(|| folder.to_owned()),
                "CMD" | "ENTRYPOINT" => match words_of(&instruction) {
                    Some(words) if instruction.name == "CMD" => image.command = Some(words),
                    Some(words) => image.entrypoint = Some(words),
                    None => self.run(arguments, &current, DEPTH),
                },
                "ENV" => {
                    for word in arguments.split_whitespace() {
                        self.assignment(word, &current);
                    }
                }
                _ => {}
            }
        }
        self.started(image, &current, folder);
    }

    /// What an image starts: its entry point, which is given its command as arguments, or its command alone.
    fn started(&mut self, image: Image, current: &str, folder: &str) {
        let command = image.command.unwrap_or_default();
        if image.serves_functions
            && let [function] = command.as_slice()
        {
            self.deploy(function, folder, SERVED);
        }
        if let Some(mut words) = image.entrypoint {
            words.extend_from_slice(&command);
            self.command(&words, current, DEPTH);
        }
        self.command(&command, current, DEPTH);
    }
}

/// The words of an instruction that is written as a list.
fn words_of(instruction: &Instruction) -> Option<Vec<String>> {
    let list = settings::json::parse(&instruction.arguments).0.filter(|list| !list.items().is_empty())?;
    Some(list.texts().into_iter().map(str::to_owned).collect())
}
