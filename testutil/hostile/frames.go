package main

// frameScenarios is frames that break the rules, or keep them in bad faith.
func frameScenarios() []scenario {
	return []scenario{
		{name: "a good server", short: true, attack: script{}.attack()},
	}
}
