package printable

import (
	"regexp"
	"strings"
)

// The parts of a URL that may be secret: the user and the password, and the values of
// parameters that are named like secrets.
var (
	userInfo  = regexp.MustCompile(`((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)[^\s/?#"']*@`)
	parameter = regexp.MustCompile(`(?i)([?&;][^\s=&;"']*(?:token|secret|passw|auth|key|sig)[^\s=&;"']*=)[^\s&;#"']+`)
)

// WithoutSecrets is a text without the users and passwords, and without the tokens in
// parameters, of the URLs in it: dots stand for them.
func WithoutSecrets(text string) string {
	if !strings.Contains(text, "//") && !strings.Contains(text, "=") {
		return text // nothing that the expressions could match, which are slow where a text is long
	}
	text = userInfo.ReplaceAllString(text, "${1}...@")
	return parameter.ReplaceAllString(text, "${1}...")
}

// What is secret by its form, inside a text: a token of Nomad and Consul, a signed identity, a private
// key. Nothing is asked of what stands before it: a line break that was made printable ends in a
// letter. Where a text was cut, what is left of one in front of the mark is one as well.
var (
	token      = regexp.MustCompile(`[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b`)
	identity   = regexp.MustCompile(`eyJ[\w-]*\.[\w-]*\.[\w-]*`)
	cutToken   = regexp.MustCompile(`(?i)` + aToken + cutMark)
	cutSecret  = regexp.MustCompile(`(?:eyJ[\w.-]*?|//[^\s/?#"'@:]*:[^\s/?#"'@]*?)` + cutMark)
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`)
)

// namedToken is what has the form of a token, or of a part of one, behind words that say it is
// one: token "...", SecretID=..., Token not found: ...; cutNamed is one that was cut.
var (
	namedToken = regexp.MustCompile(named + aToken)
	cutNamed   = regexp.MustCompile(named + aToken + cutMark)
)

const (
	named   = `(?i)((?:token|secret)(?:[ _-]?(?:id|header|value))?["']?(?: (?:is|was|not found|expired|invalid|unknown))?[\\"'=:(\[ ]{1,8})`
	aToken  = `[0-9a-f]{8}-[0-9a-f-]{0,27}`
	cutMark = `(\.\.\. \([0-9]+ bytes\))`
)

// WithoutTokens is a text without what may be secret, see [WithoutCredentials], and without what
// is a token by its form, see [LooksSecret]: dots stand for it. It is for texts that have no other
// UUIDs, and for those that leave the machine. It allocates nothing if there is nothing to be left
// out.
func WithoutTokens(text string) string {
	if !suspicious(text) {
		return text
	}
	text = cutToken.ReplaceAllString(withoutCredentials(text), "${1}")
	return token.ReplaceAllString(text, "...")
}

// WithoutCredentials is a text without what is never anything but secret: private keys, signed
// identities, users, passwords and tokens in URLs, and a UUID that the text calls a token or a
// secret. Other UUIDs stay: nodes, evaluations and allocations have them for names, and who reads
// a log looks for these. It allocates nothing if there is nothing to be left out.
func WithoutCredentials(text string) string {
	if !suspicious(text) {
		return text
	}
	return withoutCredentials(text)
}

func withoutCredentials(text string) string {
	text = WithoutSecrets(text)
	text = privateKey.ReplaceAllString(text, "...")
	text = cutSecret.ReplaceAllString(text, "${1}")    // before the next ones: its dots could be a part
	text = cutNamed.ReplaceAllString(text, "${1}${2}") // of what they find
	text = namedToken.ReplaceAllString(text, "${1}...")
	return identity.ReplaceAllString(text, "...")
}

// suspicious reports whether a text has anything that the expressions could match, which are
// slower by far.
func suspicious(text string) bool {
	switch {
	case strings.Contains(text, "eyJ"), strings.Contains(text, "PRIVATE KEY"), strings.Contains(text, "//"),
		strings.Contains(text, "=") && strings.ContainsAny(text, "?&;"):
		return true
	}
	for i := 8; i < len(text); i++ {
		if text[i] == '-' && isHex(text[i-1]) && isHex(text[i-8]) {
			return true
		}
	}
	return false
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

// uuid is the form of the tokens of Nomad and Consul.
var uuid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// LooksSecret reports whether s is a token by its form, a UUID or a signed identity: it is
// not to be shown where a token may have been given by mistake.
func LooksSecret(s string) bool {
	s = strings.TrimSpace(s)
	return uuid.MatchString(s) || strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2
}
