package pemtext_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/open-nomad/rpcproxy/internal/pemtext"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// party is a certificate and its key.
type party struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate; by nil: it signs itself.
func issue(t testing.TB, by *party, key crypto.Signer, name string, edit ...func(*x509.Certificate)) *party {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	for _, e := range edit {
		e(c)
	}
	p := &party{c, key}
	if by == nil {
		by = p
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	if p.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return p
}

func signs(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }

func authority(t testing.TB, by *party, name string) *party {
	t.Helper()
	return issue(t, by, newKey(t), name, signs)
}

func block(kind string, body []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: body})
}

func (p *party) certPEM() []byte { return block("CERTIFICATE", p.cert.Raw) }

func (p *party) keyDER(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (p *party) keyPEM(t testing.TB) []byte { return block("PRIVATE KEY", p.keyDER(t)) }

func join(texts ...any) []byte {
	var b bytes.Buffer
	for _, text := range texts {
		switch text := text.(type) {
		case string:
			b.WriteString(text)
		case []byte:
			b.Write(text)
		}
	}
	return b.Bytes()
}

func swap(text []byte, pairs ...string) []byte {
	return []byte(strings.NewReplacer(pairs...).Replace(string(text)))
}

func wide(text []byte, order binary.AppendByteOrder, mark bool) []byte {
	var out []byte
	if mark {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(string(text))) {
		out = order.AppendUint16(out, u)
	}
	return out
}

// Every way to leave two certificates in a file gives both, in their order.
func TestBundlesAsPeopleAndToolsLeaveThem(t *testing.T) {
	one, two := authority(t, nil, "one"), authority(t, nil, "two")
	a, b := one.certPEM(), two.certPEM()
	bare := bytes.TrimSpace
	for name, text := range map[string][]byte{
		"plain":                         join(a, b),
		"CR LF":                         swap(join(a, b), "\n", "\r\n"),
		"CR":                            swap(join(a, b), "\n", "\r"),
		"CR LF and LF":                  join(swap(a, "\n", "\r\n"), b),
		"empty lines between all":       swap(join(a, b), "\n", "\n\n"),
		"a byte order mark":             join("\ufeff", a, b),
		"a mark before each":            join("\ufeff", a, "\ufeff", b),
		"no line end at the end":        bare(join(a, b)),
		"joined without one":            join(bare(a), bare(b)),
		"joined by a blank":             join(bare(a), " ", bare(b)),
		"text before, between, behind":  join("Bag Attributes\n  friendlyName: x\n", a, "\n# the old one\nsubject=CN = two\n", b, "---\nthe end\n"),
		"text in front of BEGIN":        join("ca: ", a, "ca2: ", b),
		"indented by blanks":            swap(join("  ", a, b), "\n", "\n    "),
		"indented by tabs":              swap(join("\t", a, b), "\n", "\n\t"),
		"blanks at the ends of lines":   swap(join(a, b), "\n", " \t\n"),
		"one line":                      swap(join(a, b), "\n", ""),
		"one line, with blanks":         swap(join(a, b), "\n", " "),
		"lines of another length":       join(swap(a, "A", "A\n", "CERTIFICATE", "CERTIFICATE"), b),
		"no padding":                    swap(join(a, b), "=", ""),
		"given twice":                   join(a, b, a, b, b),
		"the older type":                swap(join(a, b), "CERTIFICATE", "X509 CERTIFICATE"),
		"with the key":                  join(one.keyPEM(t), a, b),
		"with a key with a passphrase":  join(block("ENCRYPTED PRIVATE KEY", []byte{1}), a, b),
		"with parameters":               join(block("EC PARAMETERS", []byte{6, 0}), a, b, block("DH PARAMETERS", []byte{1})),
		"a header in a block":           join(swap(a, "CERTIFICATE-----\n", "CERTIFICATE-----\nComment: mine\n\n"), b),
		"a text that speaks of an end":  join("-- begin of the authorities --\n", a, b, "----- End of the authorities -----\n"),
		"a server's chain, as of tools": join("CONNECTED(00000003)\n---\nCertificate chain\n 0 s:CN = one\n   i:CN = one\n", a, " 1 s:CN = two\n", b, "---\nServer certificate\n---\nNo client certificate CA names sent\n"),
		"dashes around":                 join("--------------------\n", a, "--------------------\n", b),
		"a line of one dash more":       join("-", a, b),
		"bytes that are no text":        join("\xff\xc3\x00", a, "\x00\x00", b),
		"blanks within the marks' ends": swap(join(a, b), "CERTIFICATE-----", "CERTIFICATE -----"),
		"another language's quotes":     join("« les autorités »\n", a, b),
	} {
		certs, err := pemtext.Certificates(text)
		if err != nil || len(certs) != 2 || !certs[0].Equal(one.cert) || !certs[1].Equal(two.cert) {
			t.Errorf("%s: %d certificates, %v", name, len(certs), err)
		}
		if roots, err := pemtext.Authorities(text); err != nil || len(roots) != 2 {
			t.Errorf("%s: %d authorities, %v", name, len(roots), err)
		}
	}
}

// Everything else is an error that names the place and the reason.
func TestWhatIsNotPlainIsAnErrorWithItsPlace(t *testing.T) {
	p := authority(t, nil, "one")
	a := p.certPEM()
	lines := bytes.Count(a, []byte("\n"))
	second := fmt.Sprintf("block 2 (line %d): ", lines+1)
	cut := func(n int) []byte { return a[:len(a)-n] }
	req, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "x"}}, p.key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(p.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		kind pemtext.Kind
		says string
	}{
		"nothing":                {nil, pemtext.Absent, "no CERTIFICATE block"},
		"no PEM":                 {[]byte("hello\n"), pemtext.Absent, "no CERTIFICATE block"},
		"a key only":             {p.keyPEM(t), pemtext.Absent, "no CERTIFICATE block: it holds a private key only"},
		"UTF-16":                 {wide(a, binary.LittleEndian, true), pemtext.Absent, "it is PEM in UTF-16"},
		"UTF-16, big":            {wide(a, binary.BigEndian, true), pemtext.Absent, "save it as UTF-8"},
		"UTF-16 without a mark":  {wide(a, binary.LittleEndian, false), pemtext.Absent, "UTF-16"},
		"big, without a mark":    {wide(a, binary.BigEndian, false), pemtext.Absent, "UTF-16"},
		"DER":                    {p.cert.Raw, pemtext.Absent, "it is a certificate in DER, not PEM: convert it with openssl x509 -inform der"},
		"DER of a key":           {p.keyDER(t), pemtext.Absent, "it is a private key in DER, not PEM"},
		"DER of a request":       {req, pemtext.Absent, "signing request in DER"},
		"DER of a public key":    {public, pemtext.Absent, "a public key in DER"},
		"PKCS#12":                {[]byte{0x30, 0x09, 2, 1, 3, 0x30, 4, 6, 2, 1, 1}, pemtext.Absent, "it is PKCS#12, not PEM: convert it with openssl pkcs12"},
		"PKCS#7 in DER":          {[]byte{0x30, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2}, pemtext.Absent, "it is PKCS#7 in DER"},
		"a Java key store":       {[]byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2}, pemtext.Absent, "it is a Java key store"},
		"other DER":              {[]byte{0x30, 3, 2, 1, 1}, pemtext.Absent, "it is DER, or another binary form"},
		"cut in the END":         {join(a, cut(4)), 0, second + "the END in line"},
		"cut before the END":     {join(a, cut(30)), 0, second + "the CERTIFICATE has no end: the text is cut off"},
		"cut in the BEGIN":       {join(a, "-----BEGIN CERTIF"), 0, second + `its BEGIN line is not whole: "-----BEGIN CERTIF"`},
		"no END before a BEGIN":  {join(a, cut(30), "\n", a), 0, second + "the CERTIFICATE has no end"},
		"an END of another type": {join(a, swap(a, "END CERT", "END X509 CERT")), 0, second + "it begins as CERTIFICATE and ends in line"},
		"no dashes at all":       {join(a, swap(a, "-----", "")), 0, fmt.Sprintf("line %d: base64 outside of any block", lines+2)},
		"no BEGIN and no END":    {join("# x\r", swap(swap(a, "-----BEGIN CERTIFICATE-----", ""), "-----END CERTIFICATE-----", ""), a), 0, "base64 outside of any block"},
		"base64 behind the END":  {join(bytes.TrimSpace(a), "MIIBszCCAVmgAwIBAgIIF2vYqJrGvZ4wCgYIKoZIzj0EAwIwDTELMAkGA1UEAxMC\n"), 0, fmt.Sprintf("line %d: base64", lines)},
		"an END only":            {join(a, "-----END CERTIFICATE-----\n"), 0, fmt.Sprintf("line %d: a line that looks like END", lines+1)},
		"a BEGIN of four dashes": {join(a, "-----\n", swap(a, "-----BEGIN", "----BEGIN")), 0, fmt.Sprintf("line %d: a line that looks like BEGIN", lines+2)},
		"dashes of a word processor": {
			join(a, swap(a, "-----", "\u2014\u2014-")), 0, "a line that looks like BEGIN, and is none",
		},
		"the dashes before it lost": {join(a, swap(a, "-----BEGIN", "BEGIN")), 0, "a line that looks like BEGIN"},
		"a BEGIN that is wrapped":   {join(a, swap(a, "-----BEGIN", "-----\nBEGIN")), 0, "a line that looks like BEGIN"},
		"small letters":             {join(a, bytes.ToLower(a)), 0, "a line that looks like BEGIN"},
		"a dash lost in between":    {join(bytes.TrimSpace(a), bytes.TrimSpace(a)[1:]), 0, "a line that looks like BEGIN"},
		"dashes shared":             {join(bytes.TrimSpace(a), bytes.TrimSpace(a)[5:]), 0, "has lost dashes to the BEGIN behind it"},
		"two BEGINs in a line":      {join("-----BEGIN X-----BEGIN CERTIFICATE-----\n", a[28:]), 0, "runs into the next one"},
		"no type":                   {swap(a, "BEGIN CERTIFICATE", "BEGIN "), 0, "its BEGIN line is not whole"},
		"no blank before the type":  {swap(a, "BEGIN CERTIFICATE", "BEGINCERTIFICATE"), 0, "its BEGIN line is not whole"},
		"bad base64":                {join(a, a[:40], "!", a[41:]), 0, second + fmt.Sprintf(`line %d has "!" in it, which is no base64`, lines+2)},
		"bad base64 after CRs":      {swap(join(a, a[:40], "!", a[41:]), "\n", "\r\n"), 0, second + fmt.Sprintf(`line %d has "!" in it`, lines+2)},
		"line ends in two letters":  {swap(a, "\n", `\n`), 0, `are its line ends written as \n, in two characters?`},
		"quoted mail":               {swap(a, "\n", "\n> "), 0, "is it quoted?"},
		"a character lost":          {join(a, a[:40], a[41:]), 0, second},
		"a line lost":               {join(a, a[:28], a[28+65:]), 0, second + "it holds no certificate: "},
		"an empty block":            {join(a, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), 0, second + "the CERTIFICATE is empty"},
		"garbage in a block":        {block("CERTIFICATE", []byte{1}), 0, "block 1 (line 1): it holds no certificate: "},
		"something behind it":       {block("CERTIFICATE", append(bytes.Clone(p.cert.Raw), 0)), 0, "it holds no certificate: "},
		"a request":                 {join(a, block("CERTIFICATE REQUEST", req)), 0, second + "it is a CERTIFICATE REQUEST, which is not a certificate yet"},
		"an older request":          {block("NEW CERTIFICATE REQUEST", req), 0, "have the authority sign it"},
		"a public key":              {join(a, block("PUBLIC KEY", public)), 0, second + "it is a PUBLIC KEY, which is neither"},
		"PKCS#7":                    {join(a, block("PKCS7", []byte{1})), 0, second + "it is a PKCS7, a container: take the certificates out with openssl pkcs7"},
		"a trusted certificate":     {join(a, block("TRUSTED CERTIFICATE", append(bytes.Clone(p.cert.Raw), 0x30, 0))), 0, second + "it is a TRUSTED CERTIFICATE, whose rules of trust would not be kept"},
		"revocations":               {join(a, block("X509 CRL", []byte{1})), 0, "revocations are not looked at"},
		"anything else":             {join(a, block("SSL SESSION PARAMETERS", []byte{1})), 0, second + "it is a SSL SESSION PARAMETERS, which is not used here"},
		"a type that moves":         {join("-----BEGIN \x1b[2J\u202e-----\nAAAA\n-----END \x1b[2J\u202e-----"), 0, `it is a \x1b[2J\u202e, which`},
		"encrypted by a header":     {swap(a, "BEGIN CERTIFICATE-----\n", "BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"), 0, "without a passphrase"},
		"too long":                  {bytes.Repeat([]byte(" "), pemtext.Limit+1), 0, "8388608 are the most"},
	} {
		certs, err := pemtext.Certificates(c.text)
		e, ok := errors.AsType[*pemtext.Error](err)
		if !ok || certs != nil || e.Kind != c.kind || !strings.Contains(err.Error(), c.says) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: %d certificates, %v; want %q", name, len(certs), err, c.says)
		}
	}
}

func TestKeysAsPeopleAndToolsLeaveThem(t *testing.T) {
	p := authority(t, nil, "one")
	a, k := p.certPEM(), p.keyPEM(t)
	ec, err := x509.MarshalECPrivateKey(p.key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, e := &party{key: long}, &party{key: ed}
	for name, c := range map[string]struct {
		text []byte
		want crypto.Signer
	}{
		"PKCS#8":                     {k, p.key},
		"SEC 1":                      {block("EC PRIVATE KEY", ec), p.key},
		"SEC 1 with its parameters":  {join(block("EC PARAMETERS", []byte{6, 0}), block("EC PRIVATE KEY", ec)), p.key},
		"PKCS#1":                     {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(long)), long},
		"RSA in PKCS#8":              {r.keyPEM(t), long},
		"Ed25519":                    {e.keyPEM(t), ed},
		"SEC 1 of a wrong type":      {block("PRIVATE KEY", ec), p.key},
		"PKCS#8 as EC":               {block("EC PRIVATE KEY", p.keyDER(t)), p.key},
		"PKCS#8 as RSA":              {block("RSA PRIVATE KEY", r.keyDER(t)), long},
		"behind the certificate":     {join(a, k), p.key},
		"joined with it":             {join(bytes.TrimSpace(a), bytes.TrimSpace(k)), p.key},
		"CR LF, a mark, text":        {join("\ufeffKey Attributes: <No Attributes>\r\n", swap(k, "\n", "\r\n")), p.key},
		"CR":                         {swap(k, "\n", "\r"), p.key},
		"beside one with passphrase": {join(block("ENCRYPTED PRIVATE KEY", []byte{1}), k), p.key},
	} {
		keys, err := pemtext.Keys(c.text)
		if err != nil || len(keys) != 1 || !c.want.(interface{ Equal(crypto.PrivateKey) bool }).Equal(keys[0]) {
			t.Errorf("%s: %d keys, %v", name, len(keys), err)
		}
	}

	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	locked, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(long), []byte("secret"), x509.PEMCipherAES256) //nolint:staticcheck // people have such files
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		kind pemtext.Kind
		says string
	}{
		"nothing":                   {[]byte("\n"), pemtext.Absent, "no PRIVATE KEY block"},
		"the certificate":           {a, pemtext.Absent, "no PRIVATE KEY block: it holds certificates only"},
		"DER":                       {p.keyDER(t), pemtext.Absent, "it is a private key in DER, not PEM: convert it with openssl pkey"},
		"PKCS#8 with a passphrase":  {block("ENCRYPTED PRIVATE KEY", []byte{1}), 0, "block 1 (line 1): it is encrypted: store the key without a passphrase"},
		"an old one with one":       {pem.EncodeToMemory(locked), 0, "without a passphrase"},
		"with it, behind the other": {join(a, swap(pem.EncodeToMemory(locked), "\n", "\r\n")), 0, "block 2 (line "},
		"1,024 bits":                {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short)), pemtext.Weak, "it is RSA of 1024 bits: use 2048 at least"},
		"garbage":                   {block("PRIVATE KEY", []byte{1}), 0, "it holds no private key: "},
		"a public key":              {block("PUBLIC KEY", []byte{1}), 0, "it is a PUBLIC KEY"},
		"of SSH":                    {block("OPENSSH PRIVATE KEY", []byte{1}), 0, "which TLS does not use"},
		"a request":                 {block("CERTIFICATE REQUEST", []byte{1}), 0, "CERTIFICATE REQUEST"},
		"cut off":                   {k[:40], 0, "the PRIVATE KEY has no end"},
		"a bad character":           {swap(k, "\nM", "\n*"), 0, `line 2 has "*" in it`},
	} {
		keys, err := pemtext.Keys(c.text)
		if e, ok := errors.AsType[*pemtext.Error](err); !ok || keys != nil || e.Kind != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %d keys, %v; want %q", name, len(keys), err, c.says)
		}
	}
	weak := issue(t, nil, short, "weak", signs)
	_, err = pemtext.Authorities(join(a, weak.certPEM()))
	if e, ok := errors.AsType[*pemtext.Error](err); !ok || e.Kind != pemtext.Weak || e.Block != 2 || !strings.Contains(err.Error(), `the key of the certificate for "weak" is RSA of 1024 bits`) {
		t.Error(err)
	}
}

func TestTheErrorAboutAKeyHasNothingOfIt(t *testing.T) {
	k := authority(t, nil, "one").keyPEM(t)
	for at := range k {
		for _, bad := range [][]byte{join(k[:at], "!", k[at:]), k[:at], join(k[:at], k[at+1:])} {
			_, err := pemtext.Keys(bad)
			if err == nil {
				continue
			}
			for line := range bytes.Lines(k) {
				for n := 0; n+12 < len(line) && line[0] != '-'; n++ {
					if strings.Contains(err.Error(), string(line[n:n+12])) {
						t.Fatalf("%v", err)
					}
				}
			}
		}
	}
}

func TestAChainIsPutIntoOrderByTheKey(t *testing.T) {
	root := authority(t, nil, "root")
	upper := authority(t, root, "upper")
	lower := authority(t, upper, "lower")
	own := issue(t, lower, newKey(t), "client.global.nomad")
	stranger := authority(t, nil, "lower") // has the name of one, and is another
	want := []*party{own, lower, upper, root}
	for _, order := range [][]*party{
		{own, lower, upper, root},
		{root, upper, lower, own},
		{lower, own, root, upper},
		{upper, root, own, lower},
		{own, lower, upper, root, stranger},
		{stranger, root, own, lower, own, upper, root},
	} {
		var text []byte
		for _, p := range order {
			text = append(text, p.certPEM()...)
		}
		certs, err := pemtext.Chain(text)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := pemtext.Pair(certs, []crypto.Signer{stranger.key, own.key}[1:], time.Now())
		if err != nil || !pair.Leaf.Equal(own.cert) || len(pair.Certificate) != len(certs) {
			t.Fatalf("%v", err)
		}
		for i, p := range want {
			if !bytes.Equal(pair.Certificate[i], p.cert.Raw) {
				t.Errorf("place %d is not that of %s", i, p.cert.Subject)
			}
		}
	}
	certs := []*x509.Certificate{own.cert, lower.cert}
	for _, c := range []struct {
		certs []*x509.Certificate
		says  string
	}{
		{certs[:1], `it is for "client.global.nomad"`}, {certs, "none of the 2 certificates is for it"},
	} {
		_, err := pemtext.Pair(c.certs, []crypto.Signer{root.key, newKey(t)}, time.Now())
		if e, ok := errors.AsType[*pemtext.Error](err); !ok || e.Kind != pemtext.Mismatched || err.Error() != c.says {
			t.Error(err)
		}
	}
	if _, err := pemtext.Chain(bytes.Join(many(t, 65), nil)); err == nil || !strings.Contains(err.Error(), "64 are the most") {
		t.Error(err)
	}
}

func many(t *testing.T, n int) (texts [][]byte) {
	key := newKey(t)
	for i := range n {
		texts = append(texts, issue(t, nil, key, fmt.Sprint(i)).certPEM())
	}
	return texts
}

func TestOfCertificatesForOneKeyTheValidOneIsShown(t *testing.T) {
	ca, key := authority(t, nil, "ca"), newKey(t)
	old := issue(t, ca, key, "old", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	young := issue(t, ca, key, "young", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })
	one, two := issue(t, ca, key, "one"), issue(t, ca, key, "two")
	for _, c := range []struct {
		given []*party
		want  *party
	}{{[]*party{old, one, two}, one}, {[]*party{two, one}, two}, {[]*party{old, young}, old}, {[]*party{young, two}, two}} {
		var certs []*x509.Certificate
		for _, p := range c.given {
			certs = append(certs, p.cert)
		}
		pair, err := pemtext.Pair(certs, []crypto.Signer{key}, time.Now())
		if err != nil || !pair.Leaf.Equal(c.want.cert) {
			t.Errorf("%v, want %v; %v", pair.Leaf.Subject, c.want.cert.Subject, err)
		}
	}
}

func TestWhoIsAnAuthority(t *testing.T) {
	ca := authority(t, nil, "ca")
	leaf, pinned := issue(t, ca, newKey(t), "leaf"), issue(t, nil, newKey(t), "pinned")
	for name, c := range map[string]struct {
		text []byte
		n    int // 0: refused
	}{
		"an authority":                    {ca.certPEM(), 1},
		"a certificate that signs itself": {pinned.certPEM(), 1},
		"an authority and one it signed":  {join(leaf.certPEM(), ca.certPEM()), 2},
		"one that it signed":              {leaf.certPEM(), 0},
		"an intermediate one":             {authority(t, ca, "between").certPEM(), 1},
	} {
		roots, err := pemtext.Authorities(c.text)
		e, _ := errors.AsType[*pemtext.Error](err)
		if len(roots) != c.n || (c.n == 0) != (e != nil && e.Kind == pemtext.NotCA) {
			t.Errorf("%s: %d, %v", name, len(roots), err)
		}
	}
	if old := *leaf.cert; true {
		if old.Version = 1; !pemtext.MaySign(&old) || pemtext.MaySign(leaf.cert) || !pemtext.MaySign(ca.cert) {
			t.Error("a certificate of version 1 cannot say that it may not sign")
		}
	}
}

// The time grows with the text, not with its square: the square of these would take hours.
func TestALongTextTakesNoLong(t *testing.T) {
	for _, part := range []string{
		"-----BEGIN ", "-----BEGIN A-----", "-----BEGIN A-----\n", "-----END A-----\n", "-----END ", "-----BEGIN A-----\nAAAA\n-----END A-----\n",
		"-", "B", "--BEGIN", "--END X", "\r", "\n", "A: b\n", "-----BEGIN A-----\nA: b\n", "0\x84",
	} {
		text := []byte(strings.Repeat(part, 2<<20/len(part)))
		for _, text := range [][]byte{text, join("-----BEGIN A-----", text), join("-----BEGIN A-----\n", text[:len(text)-100], "-----END A-----")} {
			if blocks, err := pemtext.Blocks(text); err == nil && len(blocks) != bytes.Count(text, []byte("-----BEGIN")) {
				t.Errorf("%q: %d blocks", part, len(blocks))
			}
		}
	}
}

func FuzzBlocks(f *testing.F) {
	p := authority(f, nil, "one")
	f.Add(join(p.certPEM(), p.keyPEM(f)))
	f.Add(join(bytes.TrimSpace(p.certPEM()), swap(p.certPEM(), "\n", "\r\n")))
	f.Add([]byte("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END A-----BEGIN B-----"))
	f.Add([]byte("-----BEGIN A -----BEGIN B-----:\nAAAA\n-----END A-----"))
	f.Add([]byte("------BEGIN A-----AAAA------END A------"))
	f.Fuzz(func(t *testing.T, text []byte) {
		blocks, err := pemtext.Blocks(text)
		if err == nil && len(blocks) != bytes.Count(text, []byte("-----BEGIN")) {
			t.Errorf("%q: %d blocks", text, len(blocks))
		}
		certs, certsErr := pemtext.Certificates(text)
		keys, keysErr := pemtext.Keys(text)
		for _, err := range []error{err, certsErr, keysErr} {
			if _, ok := errors.AsType[*pemtext.Error](err); err != nil && !ok || err != nil && strings.ContainsAny(err.Error(), "\n\r\x1b") {
				t.Errorf("%q: %v", text, err)
			}
		}
		// What package pem reads is read, or an error.
		var theirs int
		for rest := text; ; theirs++ {
			var b *pem.Block
			if b, rest = pem.Decode(rest); b == nil {
				break
			}
		}
		if err == nil && theirs > len(blocks) {
			t.Errorf("%q: %d blocks, and %d of package pem", text, len(blocks), theirs)
		}
		if len(certs) > 0 && len(keys) > 0 {
			if pair, err := pemtext.Pair(certs, keys, time.Now()); err == nil && len(pair.Certificate) != len(certs) {
				t.Errorf("%d of %d certificates", len(pair.Certificate), len(certs))
			}
		}
	})
}

func Example() {
	ca, err := testutil.NewCA()
	if err != nil {
		panic(err)
	}
	client, err := ca.Client("global")
	if err != nil {
		panic(err)
	}
	both := slices.Concat(ca.PEM(), client.CertPEM, client.KeyPEM) // the leaf is not the first
	certs, err := pemtext.Chain(both)
	if err != nil {
		panic(err)
	}
	keys, err := pemtext.Keys(both)
	if err != nil {
		panic(err)
	}
	var own *tls.Certificate
	own, err = pemtext.Pair(certs, keys, time.Now())
	fmt.Println(own.Leaf.DNSNames, len(own.Certificate), err)

	_, err = pemtext.Authorities(bytes.TrimSuffix(ca.PEM(), []byte("-----END CERTIFICATE-----\n")))
	fmt.Println(err)
	// Output:
	// [client.global.nomad localhost] 2 <nil>
	// block 1 (line 1): the CERTIFICATE has no end: the text is cut off, or lines of it are missing
}
