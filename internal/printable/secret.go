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
	text = userInfo.ReplaceAllString(text, "${1}...@")
	return parameter.ReplaceAllString(text, "${1}...")
}

// What is secret by its form, inside a text: a token of Nomad and Consul, a signed identity, a private
// key. Nothing is asked of what stands before it: a line break that was made printable ends in a
// letter. Where a text was cut, what is left of one in front of the mark is one as well.
var (
	token      = regexp.MustCompile(`[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b|eyJ[\w-]*\.[\w-]*\.[\w-]*`)
	cutSecret  = regexp.MustCompile(`(?:[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{0,27}|eyJ[\w.-]*?|//[^\s/?#"'@:]*:[^\s/?#"'@]*?)(\.\.\. \([0-9]+ bytes\))`)
	privateKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`)
)

// WithoutTokens is WithoutSecrets without what is a token by its form, see [LooksSecret], and
// without private keys. It is for texts that have no other UUIDs. It allocates nothing if there
// is nothing to be left out.
func WithoutTokens(text string) string {
	if !suspicious(text) {
		return text
	}
	text = WithoutSecrets(text)
	text = privateKey.ReplaceAllString(text, "...")
	text = cutSecret.ReplaceAllString(text, "${1}") // first: its dots could be a part of a token
	return token.ReplaceAllString(text, "...")
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
