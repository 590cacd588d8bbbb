fn main() {}

#[expect(unused, reason = "the service is built on it")]
mod docker;
#[cfg(test)]
mod tests;
