package secret

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"testing"
)

const (
	lowerHex = "0123456789abcdef"
	alnum    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	upperNum = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	letters  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits   = "1234567890"
)

// made makes n bytes of an alphabet, so that no token of these tests stands in the repository.
func made(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[(i*i*7+i*13+n)%len(alphabet)]
	}
	return string(b)
}

// gitHub makes a token with its checksum: CRC-32 of the random part in base 62.
func gitHub(kind string, n int) string {
	random := made(alnum, n-6)
	sum, tail := crc32.ChecksumIEEE([]byte(random)), make([]byte, 6)
	for i := 5; i >= 0; i-- {
		tail[i], sum = alnum[sum%62], sum/62
	}
	return kind + "_" + random + string(tail)
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func webToken(t testing.TB, claims map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + part(raw) + "." + made(alnum, 86)
}

var rsaKey = sync.OnceValues(func() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE" + " KEY", Bytes: der})), err
})

func ecKey(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE" + " KEY", Bytes: der}))
}

// example is a text that a rule finds, and the secret in it.
type example struct{ rule, text, secret string }

func examples(t testing.TB) []example {
	t.Helper()
	uuid := made(lowerHex, 8) + "-" + made(lowerHex, 4) + "-" + made(lowerHex, 4) + "-" + made(lowerHex, 4) + "-" + made(lowerHex, 12)
	base64Text := alnum + "+"
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.MarshalIndent(map[string]string{
		"type": "service_account", "private_key_id": made(lowerHex, 40), "private_key": key, "client_email": "a@b.iam.gserviceaccount.com",
		"auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	ordered := "{\n  \"type\": \"service_account\"," + strings.TrimPrefix(string(account), "{")
	vapid, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := base64.RawURLEncoding.EncodeToString(vapid.PublicKey().Bytes())
	private := base64.RawURLEncoding.EncodeToString(vapid.Bytes())
	azure := webToken(t, map[string]any{"iss": "https://login.microsoftonline.com/" + uuid + "/v2.0", "scp": "x"})
	hcp := webToken(t, map[string]any{
		"iss": "https://auth.idp.hashicorp.com/", "aud": "https://api.hashicorp.cloud", "gty": "client-credentials",
	})
	role := webToken(t, map[string]any{"iss": "supabase", "role": "service_role"})
	plain := webToken(t, map[string]any{"sub": "somebody"})
	ec := ecKey(t)

	var list []example
	// add takes a secret, and what stands before and after it.
	add := func(rule, before, secret, after string) {
		list = append(list, example{rule, before + secret + after, secret})
	}
	// hidden is for secrets that the text has in another form.
	hidden := func(rule, text, secret string) { list = append(list, example{rule, text, secret}) }

	add("anthropic-api-key", "key=", "sk-"+"ant-api03-"+made(alnum, 93), "\n")
	add("aws-access-key", "id="+"AK"+"IA"+made(upperNum, 16)+"\nkey: ", made(base64Text, 40), "\n")
	add("aws-secret-access-key", "AWS_SECRET_ACCESS_KEY=", made(base64Text, 40), "\n")
	add("aws-secret-access-key", `"secretAccessKey": "`, made(base64Text, 40), "\"\n")
	add("azure-storage-account-key", "AZURE_STORAGE_KEY: ", made(base64Text, 86)+"==", "\n")
	add("azure-token", "token: ", azure, "\n")
	add("hcp-access-token", "token: ", hcp, "\n")
	add("supabase-service-role", "token: ", role, "\n")
	add("jwt", "token: ", plain, "\n")
	add("bitwarden-oauth2-secret", `"user_`+uuid+`_token_apiKeyClientSecret": "`, made(alnum, 30), "\"\n")
	add("circleci-personal-token", "", "CCI"+"PAT_"+made(alnum, 22)+"_"+made(lowerHex, 40), "\n")
	add("circleci-project-token", "", "CCI"+"PRJ_"+made(alnum, 22)+"_"+made(lowerHex, 40), "\n")
	add("cloudflare-api-token", "CLOUDFLARE_API_TOKEN=", made(alnum, 40), "\n")
	add("cloudflare-api-token", "cf_api_key: ", made(alnum, 40), "\n")
	add("crates-io-token", "token = \"", "ci"+"o"+made(alnum, 32), "\"\n")
	add("cursor-api-key", "", "ke"+"y_"+made(lowerHex, 64), "\n")
	add("deno-user-token", "", "dd"+"p_"+made(alnum, 36), "\n")
	add("deno-organization-token", "", "dd"+"o_"+made(alnum, 36), "\n")
	add("digitalocean-token", "", "dop"+"_v1_"+made(lowerHex, 64), "\n")
	add("discord-bot-token", "DISCORD_TOKEN=", "M"+made(alnum, 23)+"."+made(alnum, 6)+"."+made(alnum, 27), "\n")
	add("docker-hub-token", "docker login -u me -p ", "dckr"+"_pat_"+made(alnum, 27), "\n")
	add("elastic-cloud-api-key", "", "ess"+"u_"+made(base64Text, 92), "\n")
	add("gcp-api-key", "", "AIza"+"SyA"+made(alnum, 32), "\n")
	add("gcp-express-key", "", "AQ.A"+"b8R"+made(alnum, 46), "\n")
	add("gcp-oauth2-access-token", "", "ya"+"29."+made(alnum, 100), "\n")
	add("gcp-oauth2-client-secret", made(digits, 12)+"-"+made(alnum, 32)+".apps.googleusercontent.com\n", "GOC"+"SPX-"+made(alnum, 28), "\n")
	hidden("gcp-service-account-key", string(account)+"\n", "")
	hidden("gcp-service-account-key", encoded(ordered)+"\n", "")
	add("gcs-hmac-key", "GO"+"OG"+made(upperNum, 20)+"\nsecret: ", made(base64Text, 40), "\n")
	add("bitbucket-url-password", "https://me:", made(alnum, 12), "@bitbucket.org/a/b.git\n")
	add("codecatalyst-url-password", "https://me:", made(alnum, 12), "@git.us-west-2.codecatalyst.aws/v1/a/b\n")
	add("codecommit-url-password", "https://me:", made(alnum, 12), "@git-codecommit.us-east-1.amazonaws.com/v1/repos/a\n")
	add("url-password", "mysql://root:", made(alnum, 12), "@db.internal:3306/app\n")
	add("github-fine-grained-token", "", "github"+"_pat_"+made(alnum, 22)+"_"+made(alnum, 59), "\n")
	hidden("github-fine-grained-token", encoded("github"+"_pat_"+made(alnum, 22)+"_"+made(alnum, 59))+"\n", "github"+"_pat_"+made(alnum, 22)+"_"+made(alnum, 59))
	for _, kind := range []string{"ghp", "gho", "ghu", "ghs"} {
		add("github-token", "https://", gitHub(kind, 36), "@github.com/a/b\n")
		hidden("github-token", encoded(gitHub(kind, 36))+"\n", gitHub(kind, 36))
	}
	add("github-token", "", gitHub("ghr", 76), "\n")
	hidden("github-token", encoded(gitHub("ghr", 76))+"\n", gitHub("ghr", 76))
	add("gitlab-token", "", "gl"+"pat-"+made(alnum, 20), "\n")
	add("grok-api-key", "", "xa"+"i-"+made(alnum, 80), "\n")
	add("grok-management-key", "", "xa"+"i-token-"+made(alnum, 80), "\n")
	add("hashicorp-vault-token", "VAULT_TOKEN=", "hv"+"s."+made(alnum, 90), "\n")
	add("hashicorp-vault-secret-id", "role_id: "+strings.ToUpper(uuid)+"\nsecret_id: ", uuid, "\n")
	add("hcp-client-secret", "HCP_CLIENT_SECRET=", made(alnum, 64), "\n")
	add("heroku-api-key", "", "HR"+"KU-"+made(alnum, 60), "\n")
	hidden("http-basic-auth", "Authorization: Basic "+encoded("me:"+made(alnum, 11))+"\n", made(alnum, 11))
	add("http-bearer-token", "curl -H 'Authorization: Bearer ", made(alnum, 40), "'\n")
	add("huggingface-token", "", "h"+"f_"+made(letters, 34), "\n")
	add("mistral-api-key", "url: https://api.mistral.ai/v1\nkey: ", made(alnum, 32), "\n")
	add("npm-token", "//npm.example.com/:_authToken=", "np"+"m_"+made(alnum, 36), "\n")
	add("1password-secret-key", "", "A"+"3-"+made(upperNum, 6)+"-"+made(upperNum, 11)+"-"+made(upperNum, 5)+"-"+made(upperNum, 5)+"-"+made(upperNum, 5), "\n")
	add("1password-service-token", "", "ops_"+"eyJ"+made(base64Text, 300), "\n")
	add("1password-recovery-code", "", "1P"+"RK"+strings.Repeat("-"+made(upperNum, 4), 13), "\n")
	add("openai-api-key", "", "sk-proj-"+made(alnum, 74)+"T3Blbk"+"FJ"+made(alnum, 74), "\n")
	add("openrouter-api-key", "", "sk-o"+"r-v1-"+made(lowerHex, 64), "\n")
	add("packagist-api-secret", "packagist"+"_ack_"+made(lowerHex, 30)+"\n", "packagist"+"_acs_"+made(lowerHex, 80), "\n")
	add("packagist-organization-read-token", "", "packagist"+"_ort_"+made(lowerHex, 68), "\n")
	add("packagist-organization-update-token", "", "packagist"+"_out_"+made(lowerHex, 68), "\n")
	add("packagist-user-update-token", "", "packagist"+"_uut_"+made(lowerHex, 68), "\n")
	add("packagist-conductor-token", "", "packagist"+"_cut_"+made(lowerHex, 68), "\n")
	add("paystack-secret-key", "", "sk_"+"live_"+made(lowerHex, 40), "\n")
	add("perplexity-api-key", "", "pp"+"lx-"+made(alnum, 48), "\n")
	add("postman-api-key", "", "PM"+"AK-"+made(lowerHex, 24)+"-"+made(lowerHex, 34), "\n")
	add("postman-collection-token", "", "PM"+"AT-"+made(alnum, 26), "\n")
	hidden("private-key", "key: "+ec, string(keyBody([]byte(ec))))
	hidden("private-key", `{"key": "`+strings.ReplaceAll(ec, "\n", `\n`)+"\"}\n", string(keyBody([]byte(ec))))
	hidden("private-key", "  "+strings.TrimSpace(strings.ReplaceAll(ec, "\n", "\n  "))+"\n", string(keyBody([]byte(ec))))
	add("pypi-token", "password = ", "py"+"pi-AgEIcHlwaS5vcmc"+made(alnum, 120), "\n")
	add("pyx-key", "", "sk-p"+"yx-"+made(alnum, 64), "\n")
	add("pyx-key", "", "sk-p"+"yx-2"+made(letters, 45), "\n")
	add("recaptcha-secret", "recaptcha_secret_key = ", "6"+"L"+made(alnum, 38), "\n")
	add("rubygems-api-key", ":rubygems_api_key: ", "rubygems"+"_"+made(lowerHex, 48), "\n")
	add("salesforce-access-token", "", "00"+"D"+made(alnum, 12)+"!"+made(alnum, 80), "\n")
	add("salesforce-oauth2-client-secret", "3M"+"VG"+made(alnum, 60)+"\nclient_secret=", made(alnum, 64), "\nhttps://a.my.salesforce.com\n")
	add("salesforce-oauth2-refresh-token", "3M"+"VG"+made(alnum, 60)+"\nclient_secret=", made(alnum, 64), "\nrefresh_token="+made(alnum, 80)+"\n")
	hidden("salesforce-oauth2-private-key", "3M"+"VG"+made(alnum, 60)+"\nme@corp.test\n "+key, string(keyBody([]byte(key))))
	add("sendgrid-api-key", "", "S"+"G."+made(alnum, 22)+"."+made(alnum, 43), "\n")
	add("slack-app-token", "", "xa"+"pp-1-"+made(alnum, 11)+"-"+made(digits, 13)+"-"+made(lowerHex, 64), "\n")
	add("slack-configuration-access-token", "", "xox"+"e.xoxp-1-"+made(alnum, 166), "\n")
	add("slack-configuration-refresh-token", "", "xox"+"e-1-"+made(alnum, 147), "\n")
	add("slack-token", "", "xox"+"b-"+made(digits, 12)+"-"+made(digits, 13)+"-"+made(alnum, 24), "\n")
	add("square-access-token", "token=", "EA"+"AA"+made(alnum, 60), "\n")
	add("square-oauth-secret", "", "sq0"+"csp-"+made(alnum, 43), "\n")
	add("stripe-secret-key", "", "sk_"+"live_"+made(alnum, 99), "\n")
	add("stripe-restricted-key", "", "rk_"+"live_"+made(alnum, 99), "\n")
	add("stripe-webhook-secret", "", "wh"+"sec_"+made(alnum, 32), "\n")
	add("supabase-access-token", "", "sb"+"p_"+made(lowerHex, 40), "\n")
	add("supabase-project-secret", "https://"+made(lowerHex, 20)+".supabase.co\n", "sb_"+"secret_"+made(alnum, 31), "\n")
	add("telegram-bot-token", "TELEGRAM_TOKEN=", made(digits, 10)+":"+made(alnum, 35), "\n")
	hidden("vapid-key", fmt.Sprintf("VAPID_PUBLIC=%s\nVAPID_PRIVATE=%s\n", public, private), private)
	return list
}
