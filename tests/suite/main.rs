mod secrets;

#[test]
fn x() {}
