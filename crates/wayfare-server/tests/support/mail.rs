//! What stands in a sent message.

/// The codes of so many digits in the text of a message; the head has numbers of its own, that of the message
/// among them.
pub(crate) fn codes(message: &str, digits: usize) -> Vec<String> {
    let text = message.lines().skip_while(|line| !line.is_empty());
    text.flat_map(|line| line.split(|c: char| !c.is_ascii_digit()))
        .filter(|run| run.len() == digits)
        .map(str::to_owned)
        .collect()
}

/// The one code of so many digits in the text of a message.
pub(crate) fn code(message: &str, digits: usize) -> String {
    let codes = codes(message, digits);
    let [code] = codes.as_slice() else {
        panic!("not one code in {message}");
    };
    code.clone()
}
