// Package engine does: it holds the use cases (add an image, analyse, sync, match again, evaluate, watch, notify), each a
// type of its own with the few things it needs, and the jobs that run them. It ties source, analysis, advisory, policy,
// store and notify together; server and cli call it.
//
// # Life of an image
//
// not_analyzed → analyzing → analyzed or analysis_failed. Adding inserts the image and its analysis job in one
// transaction; the job moves it on. A crash leaves an image in analyzing with a job whose node is gone: the job is made
// available again at start (embedded) or when the node's heartbeat is lost (PostgreSQL), and a periodic reconciliation
// finds images without a live job. Adding again with force, or after a failure, sets it back to not_analyzed.
//
// # Life of a sync
//
// A sync stages new versions of records, closes gone ones and stages the matches that change, all under the next
// revision, which nobody reads yet; moving one pointer makes it the current one. A failure before that leaves the old
// data in place, and the staged rows are removed by the next sync. Evaluation jobs for the images concerned are inserted
// with the pointer's move.
//
// # Life of a watched tag
//
// An active tag_update subscription is asked about once an interval, by a manifest HEAD. When the digest differs from
// the tag's newest one, the image is added and a tag_update notice is written in the same transaction.
package engine
