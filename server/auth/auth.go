// Package auth lets requests in: HTTP Basic, and the account that an administrator works for.
package auth

import (
	"context"
	"net/http"

	"landwaiter.dev/engine"
	"landwaiter.dev/server/problem"
)

// AccountHeader names the account in which a request works; without it, the caller's own.
const AccountHeader = "x-anchore-account"

// Authenticator knows who callers are. Authenticate refuses with class unauthorised; As moves an administrator into
// another account and refuses everybody else (forbidden) and unknown accounts (not_found). Both are called for each
// request, concurrently.
type Authenticator interface {
	Authenticate(ctx context.Context, username, password string) (engine.Caller, error)
	As(ctx context.Context, caller engine.Caller, account string) (engine.Caller, error)
}

// Basic lets a request through to next only with valid credentials, and puts the caller in its context. Refusals go to
// fail, with the challenge already set.
func Basic(a Authenticator, next http.Handler, fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := authenticate(r, a)
		if err != nil {
			if problem.From(err).HTTPCode == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `basic realm="Authentication required"`)
			}
			fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
	})
}

func authenticate(r *http.Request, a Authenticator) (engine.Caller, error) {
	username, password, ok := r.BasicAuth()
	if !ok || username == "" {
		return engine.Caller{}, problem.New(http.StatusUnauthorized, "unauthorised", "Unauthorized: give user name and password by HTTP Basic authentication")
	}
	caller, err := a.Authenticate(r.Context(), username, password)
	if err != nil {
		return engine.Caller{}, err
	}
	if err := enabled(caller); err != nil {
		return engine.Caller{}, err
	}
	account := r.Header.Get(AccountHeader)
	if account == "" || account == caller.Account.Name {
		return caller, nil
	}
	other, err := a.As(r.Context(), caller, account)
	if err != nil {
		return engine.Caller{}, err
	}
	if !caller.Admin {
		if err := enabled(other); err != nil {
			return engine.Caller{}, err
		}
	}
	return other, nil
}

func enabled(c engine.Caller) error {
	if c.Account.State == "enabled" {
		return nil
	}
	return problem.New(http.StatusForbidden, "account_not_enabled", "Not authorized. Account "+c.Account.Name+" not enabled.")
}

type callerKey struct{}

// Caller is who asks, for handlers behind [Basic]; the zero value elsewhere.
func Caller(ctx context.Context) engine.Caller {
	c, _ := ctx.Value(callerKey{}).(engine.Caller)
	return c
}

// Admin refuses callers who are not administrators; action names the permission in the refusal.
func Admin(ctx context.Context, action string) error {
	if Caller(ctx).Admin {
		return nil
	}
	return problem.New(http.StatusForbidden, "forbidden", "Not authorized. Requires permissions: domain=system action="+action+" target=*")
}
