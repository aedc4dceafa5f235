package roster

import "github.com/open-nomad/rpcproxy/actor"

// outbox collects the effects of a step, of one roster at a time, and puts them in order when it ends:
// the view, then what is to be started or logged, then the answers. So a
// caller that is answered finds its own change in the published view.
type outbox struct {
	commands []Effect // of the step under way
	answers  []Effect // of the step under way
	out      []Effect // of the steps since the last Take
	taken    bool     // out has been handed out and is to be reused
	quiet    bool     // no Log is asked for
}

// open begins a step: what was handed out before is reused from now on.
func (o *outbox) open() {
	if o.taken {
		clear(o.out) // drop the references
		o.out, o.taken = o.out[:0], false
	}
}

// command adds an effect that is neither a Publish nor an Answer.
func (o *outbox) command(e Effect) { o.commands = append(o.commands, e) }

// log asks for a log line.
func (o *outbox) log(line Log) {
	if !o.quiet {
		o.command(line)
	}
}

// close ends a step; view is nil if there is nothing to publish.
func (o *outbox) close(view Effect) {
	if view != nil {
		o.out = append(o.out, view)
	}
	o.out = append(append(o.out, o.commands...), o.answers...)
	clear(o.commands)
	clear(o.answers)
	o.commands, o.answers = o.commands[:0], o.answers[:0]
}

// take hands the effects out, in order.
func (o *outbox) take() []Effect {
	if o.taken {
		return nil
	}
	o.taken = true
	return o.out
}

// answer adds an Answer if a caller waits for it.
func answer[R any](o *outbox, to actor.Reply[R], value R) {
	if to.Awaited() {
		o.answers = append(o.answers, Answer[R]{To: to, Value: value})
	}
}
