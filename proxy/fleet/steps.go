package fleet

import (
	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// tell gives a's list one message.
func (f *Fleet) tell(a *agent, m messages.Message) {
	a.list.Step(f.clock(), m)
	f.takeList(a)
}

func (f *Fleet) takeList(a *agent) {
	f.stepped = true
	for _, e := range a.list.Take() {
		f.todo = append(f.todo, todo{effect: e})
	}
}

// tellPool gives a's pool one message.
func (f *Fleet) tellPool(a *agent, m poolcore.Message) {
	a.pool.Step(f.clock(), m)
	f.takePool(a)
}

func (f *Fleet) takePool(a *agent) {
	f.stepped = true
	for _, e := range a.pool.Take() {
		f.todo = append(f.todo, todo{effect: e})
	}
}

// down tells a's list that a server cannot be reached, as the proxy does for its pool. A
// session that this side had no more use for shows nothing.
func (f *Fleet) down(a *agent, n int16, cause error) {
	if !poolcore.LetGo(cause) {
		f.tell(a, messages.FailureNotice{Server: messages.Server{Addr: f.servers[n].Addr}, Err: cause})
	}
}

// tune gives the pool the settings that have changed.
func (f *Fleet) tune(a *agent, next attempt.Settings) {
	last := a.set
	a.set = next
	if next.Retained != last.Retained {
		f.tellPool(a, poolcore.Retain{Addr: next.Retained})
	}
	if next.Keepalive != last.Keepalive {
		f.tellPool(a, poolcore.Keepalive{Interval: next.Keepalive})
	}
	if next.Spread != last.Spread || next.Servers != last.Servers {
		f.tellPool(a, poolcore.DialSpread{Spread: poolcore.Spread{Over: next.Spread, Servers: next.Servers}})
	}
	if next.Lease != last.Lease {
		f.tellPool(a, poolcore.HeartbeatTTL{TTL: next.Lease})
	}
}

// reply is what the cores know a waiter by. All agents share them: nothing is sent.
func (f *Fleet) reply(who int, n int16) actor.Reply[error] {
	return f.replies[who*len(f.servers)+int(n)]
}

func (f *Fleet) makeReplies() {
	f.waiters = make(map[actor.Reply[error]]int)
	for i := range ofWaiters * len(f.servers) {
		r := actor.NewReply[error]()
		f.replies = append(f.replies, r)
		f.waiters[r] = i
	}
}

// connectTo asks the pool for a session.
func (f *Fleet) connectTo(a *agent, who int, n int16, m poolcore.Connect) {
	m.Addr, m.Reply = f.servers[n].Addr, f.reply(who, n)
	f.tellPool(a, m)
}

// withdraw tells the pool that a waiter waits no more.
func (f *Fleet) withdraw(a *agent, who int, n int16) {
	f.tellPool(a, poolcore.Withdraw{Addr: f.servers[n].Addr, Reply: f.reply(who, n)})
}

// newCall is call, for one that begins.
func (f *Fleet) newCall(a *agent, i int) *call {
	if i == beat && a.beats == &noCall {
		if last := len(f.spare) - 1; last >= 0 {
			a.beats, f.spare = f.spare[last], f.spare[:last]
		} else {
			a.beats = new(call)
		}
	}
	return a.call(i)
}

// endCall forgets a call that was answered.
func (f *Fleet) endCall(a *agent, i int) {
	a.call(i).on = false
	if i == beat {
		f.spare = append(f.spare, a.beats)
		a.beats = &noCall
	}
}

// proven tells the list that a server has answered that it did not know to be well.
func (f *Fleet) proven(a *agent, n int16, epoch uint64) {
	if a.sure == n {
		return
	}
	srv := f.servers[n].Server
	switch a.view.Health(srv) {
	case messages.Unknown, messages.Failed:
		f.tell(a, messages.Recovered{Server: srv, Epoch: epoch})
	case messages.Alive:
		a.sure = n
	case messages.Leaderless: // an answer does not tell that it knows a leader
	}
}

// numbered is the number of the server at addr, which is most often the one in front.
func (f *Fleet) numbered(a *agent, addr string) int16 {
	if a.front >= 0 && f.servers[a.front].Addr == addr {
		return a.front
	}
	return f.number[addr]
}
