package planted

import s "sync"

type inATest struct {
	renamed s.Mutex // want `sync.Mutex is not used here`
}
