package main

// replyScenarios is answers to calls and streams.
func replyScenarios() []scenario {
	return []scenario{
		{name: "nested a million deep", short: true, attack: answers(many(1_000_000, 0x91)).attack()},
	}
}

// answers gives each request an answer with body.
func answers(body []byte) script {
	return script{ask: func(p *peer, a ask) { go p.send(a.id, reply(a.seq, "", body)) }}
}
