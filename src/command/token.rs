//! `berth token create`, `berth token list`, `berth token revoke`.

use clap::{Args, Subcommand};
use clock::Clock;
use model::access::TokenScope;
use model::name::UserId;
use model::time::Timestamp;
use model::units::Span;
use store::people::Person;
use store::tokens::NewToken;
use store::{Access, Store};

use super::{Stop, data};
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Makes a token for somebody who has signed in before, and prints it once.
    Create(Create),
    /// Lists all tokens: whose, for what, until when, and whether they are used. Never the tokens themselves.
    List,
    /// Revokes a token: whoever uses it is refused from then on.
    Revoke {
        /// Its id, as `berth token list` shows it.
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct Create {
    /// The person whose rights it has: their e-mail address, or their id as the page People and `GET /api/v1/people` show it.
    /// Without an identity provider: `operator@localhost`.
    #[arg(long, value_name = "EMAIL|ID")]
    user: String,
    /// What it is for, such as `nightly build`.
    #[arg(long)]
    name: String,
    /// When it ends, such as 30d; without it never.
    #[arg(long, value_name = "SPAN")]
    expires: Option<Span>,
    /// What it may do of what the person may: read, launch or admin.
    #[arg(long, default_value = "launch", value_parser = scope)]
    scope: TokenScope,
}

fn scope(text: &str) -> Result<TokenScope, String> {
    TokenScope::parse(text).ok_or_else(|| "expected read, launch or admin".to_owned())
}

pub async fn run(config: &Config, token: &Token) -> Result<(), Stop> {
    match token {
        Token::Create(arguments) => create(config, arguments).await,
        Token::List => list(config).await,
        Token::Revoke { id } => revoke(config, id).await,
    }
}

async fn create(config: &Config, arguments: &Create) -> Result<(), Stop> {
    let clock = Clock::system();
    let store = data::open(config, Access::Write).await?;
    if config.oidc.is_none() {
        identity::operator::ensure(&store, &clock).await.map_err(Stop::failed)?;
    }
    let person = the_one(&store, &arguments.user).await?;
    let new = NewToken {
        user: &person.id,
        name: &name(&arguments.name)?,
        scope: arguments.scope,
        expires_at: arguments.expires.map(|span| clock.now().after(span)),
    };
    let token = store.create_token(new, &clock).await.map_err(Stop::failed)?;
    store.close().await;
    println!("{token}");
    Ok(())
}

async fn list(config: &Config) -> Result<(), Stop> {
    let store = data::open(config, Access::Read).await?;
    let tokens = store.tokens().await.map_err(Stop::failed)?;
    store.close().await;
    let now = Clock::system().now();
    println!("{:<32}  {:<8}  {:<6}  {:<20}  OWNER, NAME", "ID", "STATE", "SCOPE", "LAST USED");
    for token in &tokens {
        let used = token.used_at.map_or_else(|| "never".to_owned(), Timestamp::short_utc);
        let (id, scope) = (&token.id, token.scope.as_str());
        println!("{id:<32}  {:<8}  {scope:<6}  {used:<20}  {}, {}", token.state(now), token.owner, token.name);
    }
    Ok(())
}

async fn revoke(config: &Config, id: &str) -> Result<(), Stop> {
    let store = data::open(config, Access::Write).await?;
    let revoked = store.revoke_token(id, Clock::system().now()).await.map_err(Stop::failed)?;
    store.close().await;
    if !revoked {
        return Err(Stop::failed("there is no token with this id that is still good; `berth token list` shows all"));
    }
    println!("Revoked.");
    Ok(())
}

async fn the_one(store: &Store, named: &str) -> Result<Person, Stop> {
    if let Ok(id) = UserId::parse(named) {
        let found = store.person_with_id(&id).await.map_err(Stop::failed)?;
        return found.ok_or_else(|| Stop::failed(format!("there is nobody with the id `{named}` who may sign in")));
    }
    let mut people = store.people_with_email(named).await.map_err(Stop::failed)?;
    match (people.pop(), people.len()) {
        (Some(person), 0) => Ok(person),
        (None, _) => Err(Stop::failed(format!(
            "nobody with the e-mail address `{named}` has signed in yet; whoever has none here is named by the id that the page People shows"
        ))),
        (Some(last), _) => {
            people.push(last);
            let all: Vec<String> = people.iter().map(|person| format!("\n  {}  {}", person.id, person.name)).collect();
            Err(Stop::failed(format!(
                "{} people have the e-mail address `{named}`; name one by their id:{}",
                all.len(),
                all.concat()
            )))
        }
    }
}

fn name(text: &str) -> Result<String, Stop> {
    let fits = !text.trim().is_empty() && text.chars().count() <= 60 && !text.chars().any(char::is_control);
    if fits { Ok(text.trim().to_owned()) } else { Err(Stop::failed("--name must have 1 to 60 printable characters")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::people::Identity;

    #[tokio::test]
    async fn a_person_is_named_by_an_address_of_theirs_alone_or_by_their_id() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("berth.db")).await.expect("a database");
        let clock = Clock::system();
        let mut ids = Vec::new();
        for (subject, email) in
            [("bea", Some("shared@example.org")), ("max", Some("shared@example.org")), ("ida", None)]
        {
            let identity = Identity {
                issuer: "https://id.example".to_owned(),
                subject: subject.to_owned(),
                name: subject.to_owned(),
                email: email.map(str::to_owned),
                role: None,
            };
            ids.push(store.sign_in_person(&identity, &[], &clock.user_id(), clock.now()).await.expect("a person"));
        }
        for id in &ids {
            assert_eq!(&the_one(&store, id.as_str()).await.expect("a person").id, id);
        }
        let shared = the_one(&store, "shared@example.org").await.expect_err("two have it").message;
        assert!(
            ids[..2].iter().all(|id| shared.contains(id.as_str())) && !shared.contains(ids[2].as_str()),
            "{shared}"
        );
        store.sql("UPDATE users SET disabled = TRUE WHERE subject = 'max'").await;
        assert_eq!(the_one(&store, "shared@example.org").await.expect("bea").id, ids[0]);
        for nobody in ["ida@example.org", ids[1].as_str(), clock.user_id().as_str()] {
            assert!(the_one(&store, nobody).await.is_err(), "{nobody}");
        }
    }
}
