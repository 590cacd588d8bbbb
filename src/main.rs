fn main() {}

#[expect(unused, reason = "the service is built on it")]
mod docker;
#[cfg(test)]
#[expect(unused, reason = "the service's tests use the rest of the stand-in")]
mod tests;
