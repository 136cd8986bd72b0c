//! From a request to its answer: fault rules first, then sign-in, rate limit, handler. Nothing here
//! waits; the server waits for the latency and the delays of faults around it.

use std::cell::Cell;
use std::time::Duration;

use super::answer::Answer;
use super::path::{self, Template};
use super::request::{JSON_API, Request};
use super::{Call, auth, dispatch, log_streams};
use crate::changes::noting;
use crate::faults::{Cut, Fault, FaultBody};
use crate::limits::RateStatus;
use crate::sim::Sim;
use crate::state::ids::Id;
use crate::state::refusal::Refusal;
use crate::state::tokens::Access;
use crate::traffic::Entry;

/// What becomes of a request.
pub struct Outcome {
    /// What to answer, unless the connection is cut first.
    pub answer: Answer,
    /// What the rate headers say.
    pub rate: Option<RateStatus>,
    /// Where to end the connection.
    pub cut: Option<Cut>,
    /// Wait so much longer before the answer.
    pub delay: Duration,
}

/// Decides, and writes the decision into the log.
pub fn decide(sim: &Sim, request: &Request, arrived: Duration) -> Outcome {
    let parts: Vec<&str> = request.parts.iter().map(String::as_str).collect();
    let template = path::template(&parts);
    let path = template.map(|_| &parts[..]);
    let fault = sim.faults().apply(&request.method, &parts).unwrap_or_default();
    let mut accounting = Accounting::default();
    let answer = match (fault.status, fault.cut) {
        (_, Some(Cut::Before)) => Answer::empty(),
        (Some(status), _) if !fault.effect && fault.part.is_none() => {
            fault_answer(sim, request, &fault, status, &mut accounting)
        }
        (Some(status), _) if fault.part.is_none() => {
            serve(sim, request, path, &fault, &mut accounting);
            fault_answer(sim, request, &fault, status, &mut accounting)
        }
        _ => serve(sim, request, path, &fault, &mut accounting),
    };
    if request.method != "GET" {
        sim.mark_changed();
    }
    let cut = fault.cut;
    log(sim, request, template, arrived, &answer, cut.is_some(), accounting.account);
    Outcome { answer, rate: accounting.rate, cut, delay: fault.delay }
}

/// What was found out about a request on the way.
#[derive(Default)]
struct Accounting {
    account: Option<Id>,
    rate: Option<RateStatus>,
}

/// The service itself.
fn serve(
    sim: &Sim,
    request: &Request,
    path: Option<&[&str]>,
    fault: &Fault,
    accounting: &mut Accounting,
) -> Answer {
    let part = fault.part.map(|part| (part, fault.status.unwrap_or(500)));
    let result = match path {
        None => Err(Refusal::no_such_path(&request.target)),
        Some(["auth"] | ["auth", "token"]) if request.method != "POST" => {
            Err(Refusal::method(&request.method))
        }
        Some(["auth"]) => auth::sign_in(sim, request, sim.clock.now()),
        Some(["auth", "token"]) => auth::renew(sim, request, sim.clock.now()),
        Some(["logstream", id]) if request.method == "GET" => log_streams::open(sim, request, id),
        Some(path) => signed_in(sim, request, path, part, accounting),
    };
    result.unwrap_or_else(|refusal| Answer::refusal(&refusal, &sim.settings.variants))
}

fn signed_in(
    sim: &Sim,
    request: &Request,
    path: &[&str],
    part: Option<(usize, u16)>,
    accounting: &mut Accounting,
) -> Result<Answer, Refusal> {
    let now = sim.clock.now();
    let access = authenticate(sim, request)?;
    accounting.account = Some(access.account);
    let serial = if sim.settings.variants.rate_per_token { access.serial } else { 0 };
    let rate_key = (access.account, serial);
    accounting.rate = check_rate(sim, rate_key);
    if accounting.rate.is_some_and(|rate| !rate.allowed) {
        return Err(Refusal::too_many());
    }
    let unblessing = Cell::new(None);
    let call = Call { sim, request, caller: access.account, rate_key, now, part, unblessing };
    let result = noting(&call, path, || dispatch(&call, path));
    if let Some(rate) = call.unblessing.get()
        && (sim.settings.variants.unblessing_headers_own || accounting.rate.is_none())
    {
        accounting.rate = Some(rate);
    }
    result
}

fn authenticate(sim: &Sim, request: &Request) -> Result<Access, Refusal> {
    let token = request.bearer().unwrap_or_default();
    sim.state().authenticate(token, request.peer, &sim.settings.variants, sim.clock.now())
}

fn check_rate(sim: &Sim, key: (Id, u64)) -> Option<RateStatus> {
    let now = sim.clock.elapsed();
    sim.limits().requests.as_mut().map(|limiter| limiter.check(key, now))
}

/// The answer of a fault. A 429 carries the rate headers of the account, with nothing remaining.
fn fault_answer(
    sim: &Sim,
    request: &Request,
    fault: &Fault,
    status: u16,
    accounting: &mut Accounting,
) -> Answer {
    accounting.account = authenticate(sim, request).ok().map(|access| access.account);
    let limit = sim.limits().requests.as_ref().map(|limiter| limiter.limit());
    accounting.rate = limit.filter(|_| status == 429).map(|limit| RateStatus {
        allowed: false,
        limit,
        remaining: 0,
        reset: Duration::from_secs(1),
    });
    let html = || {
        let title = format!("{status} {}", reason_phrase(status));
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        Answer { status, body: body.into_bytes(), media_type: "text/html", ..Answer::default() }
    };
    match fault.body {
        FaultBody::Html => html(),
        FaultBody::Empty => Answer { status, ..Answer::default() },
        FaultBody::Message => {
            Answer::json(status, JSON_API, &serde_json::json!({"message": reason_phrase(status)}))
        }
        FaultBody::Json if status == 429 => {
            Answer::refusal(&Refusal::too_many(), &sim.settings.variants)
        }
        FaultBody::Json => Answer::refusal(&Refusal::fault(status), &sim.settings.variants),
    }
}

fn reason_phrase(status: u16) -> &'static str {
    let status = hyper::StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

fn log(
    sim: &Sim,
    request: &Request,
    template: Option<Template>,
    arrived: Duration,
    answer: &Answer,
    cut: bool,
    account: Option<Id>,
) {
    let template = template.unwrap_or(&["…"]);
    let kind = format!("{} /{}", request.method, template.join("/"));
    let (shown, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path = if path::holds_secret(template) {
        format!("/{}", template.join("/")).into()
    } else {
        shown.strip_prefix("/v5").unwrap_or(shown).into()
    };
    let account = account.and_then(|id| {
        sim.state().accounts.get(&id).map(|account| account.username.as_str().into())
    });
    let entry = Entry {
        ms: u64::try_from(arrived.as_millis()).unwrap_or_default(),
        method: request.method.as_str().into(),
        path,
        query: query.into(),
        status: if cut { 0 } else { answer.status },
        account,
        devices: answer.devices,
    };
    sim.traffic().decided(&kind, entry);
}
