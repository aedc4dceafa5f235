package printable_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoUserAndNoSecretOfAURLIsLeft(t *testing.T) {
	for in, want := range map[string]string{
		"nothing here":                              "nothing here",
		"http://host:1/path?dc=a#f":                 "http://host:1/path?dc=a#f",
		"http://me:pw@host":                         "http://...@host",
		"//me:pw@host:1":                            "//...@host:1",
		"http://me:p@w@host/x@y":                    "http://...@host/x@y",
		`"unix+http://t0ken@host"`:                  `"unix+http://...@host"`,
		"a http://u@x and https://v:w@y end":        "a http://...@x and https://...@y end",
		"/v1?token=abc&dc=a":                        "/v1?token=...&dc=a",
		"?a=b&X-Nomad-Token=abc&secret_id=def#frag": "?a=b&X-Nomad-Token=...&secret_id=...#frag",
		"?api_key=a;password=b":                     "?api_key=...;password=...",
		"mail me@host":                              "mail me@host",
	} {
		if got := printable.WithoutSecrets(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestWhatHasTheFormOfATokenIsLeftOutOfAText(t *testing.T) {
	for in, want := range map[string]string{
		`unknown flag: --00000000-1111-2222-3333-444444444444`:                 "unknown flag: --...",
		`"eyJhbGciOi.eyJhdWQi.c2ln-_" is none`:                                 `"..." is none`,
		"00000000-1111-2222-3333-4444444444444":                                "00000000-1111-2222-3333-4444444444444",
		"at http://me:pw@host":                                                 "at http://...@host",
		`denied\n00000000-1111-2222-3333-444444444444\nend`:                    `denied\n...\nend`,
		`x\teyJhbGciOi.eyJhdWQi.c2ln`:                                          `x\t...`,
		"cut 00000000-1111-22... (300 bytes)":                                  "cut ... (300 bytes)",
		"cut 00000000-1111-2222-3333-44444444444... (37 bytes)":                "cut ... (37 bytes)",
		"cut eyJhbGciOi.eyJhdW... (300 bytes)":                                 "cut ... (300 bytes)",
		"cut http://me:secr... (300 bytes)":                                    "cut http:... (300 bytes)",
		"cut ?token=secr... (300 bytes)":                                       "cut ?token=... (300 bytes)",
		"-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY----- x": "... x",
		`-----BEGIN PRIVATE KEY-----\nMHcC... (300 bytes)`:                     "...",
		"-----BEGIN CERTIFICATE-----":                                          "-----BEGIN CERTIFICATE-----",
		"10.0.0.1:4647 deadbeef-cafe":                                          "10.0.0.1:4647 deadbeef-cafe",
		"can't find method Such00000000-1111-2222-3333-444444444444":           "can't find method Such...",
		"tokeneyJhbGciOi.eyJhdWQi.c2ln":                                        "token...",
		printable.Line("token 00000000-1111-2222-3333-444444444444", 30):       "token ... (42 bytes)",
		printable.Line("token 00000000-1111-2222-3333-444444444444", 41):       "token ... (42 bytes)",
		printable.Line("token eyJhbGciOi.eyJhdWQi.c2ln", 20):                   "token ... (30 bytes)",
	} {
		if got := printable.WithoutTokens(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Who reads a log looks for nodes and evaluations, whose names have the form of a token.
func TestAUUIDIsLeftOutOfALogOnlyWhereItIsCalledAToken(t *testing.T) {
	const id = "00000000-1111-2222-3333-444444444444"
	for _, text := range []string{
		"node " + id + " not found", `Unknown allocation "` + id + `"`, "Unknown node " + id, "eval " + id + ", job " + id,
		`Permission denied: token may not read node ` + id, id + ".example.com:4647", "secretive " + id, "node secret ID does not match. Not registering node " + id,
		"10.0.0.1:4647 deadbeef-cafe", "node 00000000-1111-22... (300 bytes)", "-----BEGIN CERTIFICATE-----",
	} {
		if got := printable.WithoutCredentials(text); got != text {
			t.Errorf("%s: %s", text, got)
		}
	}
	for in, want := range map[string]string{
		`token "` + id + `" not found`:                                 `token "..." not found`,
		"ACL token not found: " + id:                                   "ACL token not found: ...",
		"token is " + id + " of node " + id:                            "token is ... of node " + id,
		`{"SecretID":"` + id + `","NodeID":"` + id + `"}`:              `{"SecretID":"...","NodeID":"` + id + `"}`,
		`{\"AuthToken\": \"` + id + `\"}`:                              `{\"AuthToken\": \"...\"}`,
		"X-Nomad-Token: " + id:                                         "X-Nomad-Token: ...",
		"secret_id=" + id:                                              "secret_id=...",
		"unknown secret (" + strings.ToUpper(id) + ")":                 "unknown secret (...)",
		printable.Line("a token "+id, 35):                              "a token ... (44 bytes)",
		"node " + id + " sent eyJhbGciOi.eyJhdWQi.c2ln":                "node " + id + " sent ...",
		"cut eyJhbGciOi.eyJhdW... (300 bytes)":                         "cut ... (300 bytes)",
		"node " + id + " at http://me:pw@host?token=abc":               "node " + id + " at http://...@host?token=...",
		"-----BEGIN PRIVATE KEY-----\nMH\n-----END PRIVATE KEY----- x": "... x",
	} {
		got := printable.WithoutCredentials(in)
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
		if again := printable.WithoutCredentials(got); again != got {
			t.Errorf("%s: %s", got, again)
		}
	}
}

func TestAPlainTextIsNotCopiedToLookForTokens(t *testing.T) {
	s := strings.Repeat("no leader at 10.0.0.1:4647, seen in epoch 12; ", 20)
	if n := testing.AllocsPerRun(100, func() { _, _ = printable.WithoutTokens(s), printable.WithoutCredentials(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestATokenIsKnownByItsForm(t *testing.T) {
	for s, want := range map[string]bool{
		"":      false,
		"token": false,
		"/run/secrets/00000000-1111-2222-3333-44": false,
		"00000000-1111-2222-3333-444444444444":    true,
		"ABCDEF00-1111-2222-3333-444444444444\n":  true,
		"00000000-1111-2222-3333-44444444444g":    false,
		"00000000111122223333444444444444abcd":    false,
		"eyJhbGciOi.eyJhdWQi.c2ln":                true,
		"eyJ":                                     false,
	} {
		if got := printable.LooksSecret(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestJSONMeansTheSameAndIsPrintable(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"b"}`:                    `{"a":"b"}`,
		"\"\u009b\u007f\"":             `"\u009b\u007f"`,
		"\"\u202eé\u2028\U000e0041\"":  `"\u202eé\u2028\udb40\udc41"`,
		"\"a\ufe0f\u3164\"":            `"a\ufe0f\u3164"`,
		"{\n\t\"bücher\": \"\u00a0\"}": "{\n\t\"bücher\": \"\\u00a0\"}",
		"\"\U0001f600 \u200d\"":        "\"\U0001f600 \\u200d\"",
	} {
		if got := string(printable.JSON([]byte(in))); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, text := range testutil.HostileTexts() {
		f.Add(text[:min(len(text), 100)])
	}
	f.Fuzz(func(t *testing.T, s string) {
		given, err := json.Marshal(map[string]string{s: s})
		if err != nil {
			t.Fatal(err)
		}
		text := printable.JSON(given)
		testutil.CheckShown(t, "JSON", string(text[:min(len(text), 10_000)]))
		var got, want map[string]string
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v: %q", err, text)
		}
		if err := json.Unmarshal(given, &want); err != nil {
			t.Fatal(err)
		}
		for k, v := range want {
			if got[k] != v || len(got) != 1 {
				t.Errorf("%q, want %q", got, want)
			}
		}
	})
}

func TestHostileTextsAreShownPrintable(t *testing.T) {
	for _, text := range testutil.HostileTexts() {
		for _, got := range []string{printable.Name(text), printable.Text(text), printable.Quote(text, printable.MaxName)} {
			testutil.CheckShown(t, "text", got)
			if len(got) > 10*printable.MaxText || strings.Contains(got, "\n") {
				t.Errorf("%d bytes", len(got))
			}
		}
	}
}
