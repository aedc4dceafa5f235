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

// token is what has the form of a token, inside a text; a word may stand right before it.
var token = regexp.MustCompile(`[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b|eyJ[\w-]*\.[\w-]*\.[\w-]*`)

// cutToken is the beginning of a token before the mark of what Line has left out.
var cutToken = regexp.MustCompile(`(?:[0-9A-Fa-f]{8}-[0-9A-Fa-f-]*|eyJ[\w.-]*)(\.\.\. \(\d+ bytes\))`)

// WithoutTokens is WithoutSecrets without what is a token by its form, see [LooksSecret], or
// is the beginning of one that Line has cut. It is for texts that have no other UUIDs.
func WithoutTokens(text string) string {
	return token.ReplaceAllString(cutToken.ReplaceAllString(WithoutSecrets(text), "${1}"), "...")
}

// uuid is the form of the tokens of Nomad and Consul.
var uuid = regexp.MustCompile(`^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// LooksSecret reports whether s is a token by its form, a UUID or a signed identity: it is
// not to be shown where a token may have been given by mistake.
func LooksSecret(s string) bool {
	s = strings.TrimSpace(s)
	return uuid.MatchString(s) || strings.HasPrefix(s, "eyJ") && strings.Count(s, ".") == 2
}
