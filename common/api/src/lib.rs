//! One request in, one answer out: client, retry, pace, paging, resources.
