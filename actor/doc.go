// Package actor runs a state machine behind a mailbox: one goroutine owns the
// state and takes one message at a time, so the state needs no lock.
//
// It knows nothing of what it runs. A [Behavior] has four methods: Step takes
// a message, Deadline is when it wants to be woken, Expire wakes it, Stop is
// its last call. [Spawn] starts the loop and returns the [Actor]; a [Ref] is
// the address others send to.
//
// # Rules
//
//   - A mailbox is a bounded channel of one concrete type. It is never closed;
//     Done reports the end of an actor.
//   - Tell blocks until there is room, the context ends or the actor stops.
//     TryTell never blocks: a full mailbox is [ErrFull].
//   - Ask sends a message that carries a [Reply] and waits for the answer. When
//     the context ends or the actor stops, an answer that is already there wins.
//   - Actors never Ask actors: an actor that waits for another one cannot take
//     messages, and two that wait for each other never will. Results come back
//     as messages. What an actor sends to another does not block, or is bounded
//     by what is in flight.
//   - The loop holds one timer, armed from Deadline. Expire is called when that is
//     due, to the nanosecond, and not for what it was before it moved. Messages do
//     not keep it waiting: no more than 32 are taken while a deadline is due.
//   - A panic in a Behavior, or in a goroutine started with [Self.Go], stops the
//     actor. The cause, with its stack, reaches Err and every Ask that waits. Nothing
//     is restarted.
//   - Stop takes no further message from the mailbox, answers the callers that wait
//     with [ErrStopped], cancels the context of the goroutines started with
//     [Self.Go] and waits for them.
//   - A message that Tell accepted is either processed or, if it is an [Abandoner],
//     abandoned: no end of an actor, however it races with the sender, leaves a
//     [Reply] without an answer.
package actor
