package main

// frameFloods is frames that come without end, or nearly so: as many as are counted.
func frameFloods() []scenario {
	const n = 200_000
	return []scenario{
		{name: "flood of streams opened", short: true, attack: script{up: flood(n, func(i int) []byte { return head(windowType, syn, even(i), 0) })}.attack()},
		{name: "flood of pings", short: true, attack: script{up: flood(n, func(i int) []byte { return head(pingType, syn, 0, uint32(i)) })}.attack()},
	}
}
