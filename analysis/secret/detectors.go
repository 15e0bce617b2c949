package secret

import (
	"github.com/google/osv-scalibr/veles"
	"github.com/google/osv-scalibr/veles/secrets/anthropicapikey"
	"github.com/google/osv-scalibr/veles/secrets/awsaccesskey"
	"github.com/google/osv-scalibr/veles/secrets/azurestorageaccountaccesskey"
	"github.com/google/osv-scalibr/veles/secrets/azuretoken"
	"github.com/google/osv-scalibr/veles/secrets/bitwardenoauth2access"
	"github.com/google/osv-scalibr/veles/secrets/circleci"
	"github.com/google/osv-scalibr/veles/secrets/cloudflareapitoken"
	"github.com/google/osv-scalibr/veles/secrets/cratesioapitoken"
	"github.com/google/osv-scalibr/veles/secrets/cursorapikey"
	"github.com/google/osv-scalibr/veles/secrets/denopat"
	"github.com/google/osv-scalibr/veles/secrets/digitaloceanapikey"
	"github.com/google/osv-scalibr/veles/secrets/discordbottoken"
	"github.com/google/osv-scalibr/veles/secrets/dockerhubpat"
	"github.com/google/osv-scalibr/veles/secrets/elasticcloudapikey"
	"github.com/google/osv-scalibr/veles/secrets/gcpapikey"
	"github.com/google/osv-scalibr/veles/secrets/gcpexpressmode"
	"github.com/google/osv-scalibr/veles/secrets/gcpoauth2access"
	"github.com/google/osv-scalibr/veles/secrets/gcpoauth2client"
	"github.com/google/osv-scalibr/veles/secrets/gcpsak"
	"github.com/google/osv-scalibr/veles/secrets/gcshmackey"
	"github.com/google/osv-scalibr/veles/secrets/gitbasicauth/bitbucket"
	"github.com/google/osv-scalibr/veles/secrets/gitbasicauth/codecatalyst"
	"github.com/google/osv-scalibr/veles/secrets/gitbasicauth/codecommit"
	"github.com/google/osv-scalibr/veles/secrets/github"
	"github.com/google/osv-scalibr/veles/secrets/gitlabpat"
	"github.com/google/osv-scalibr/veles/secrets/grokxaiapikey"
	"github.com/google/osv-scalibr/veles/secrets/hashicorpvault"
	"github.com/google/osv-scalibr/veles/secrets/hcp"
	"github.com/google/osv-scalibr/veles/secrets/herokuplatformkey"
	"github.com/google/osv-scalibr/veles/secrets/http"
	"github.com/google/osv-scalibr/veles/secrets/huggingfaceapikey"
	"github.com/google/osv-scalibr/veles/secrets/jwt"
	"github.com/google/osv-scalibr/veles/secrets/mistralapikey"
	"github.com/google/osv-scalibr/veles/secrets/npmjsaccesstoken"
	"github.com/google/osv-scalibr/veles/secrets/onepasswordkeys"
	"github.com/google/osv-scalibr/veles/secrets/openai"
	"github.com/google/osv-scalibr/veles/secrets/openrouter"
	"github.com/google/osv-scalibr/veles/secrets/packagist"
	"github.com/google/osv-scalibr/veles/secrets/paystacksecretkey"
	"github.com/google/osv-scalibr/veles/secrets/perplexityapikey"
	"github.com/google/osv-scalibr/veles/secrets/postmanapikey"
	"github.com/google/osv-scalibr/veles/secrets/privatekey"
	"github.com/google/osv-scalibr/veles/secrets/pypiapitoken"
	"github.com/google/osv-scalibr/veles/secrets/pyxkeyv1"
	"github.com/google/osv-scalibr/veles/secrets/pyxkeyv2"
	"github.com/google/osv-scalibr/veles/secrets/recaptchakey"
	"github.com/google/osv-scalibr/veles/secrets/rubygemsapikey"
	"github.com/google/osv-scalibr/veles/secrets/salesforceoauth2access"
	"github.com/google/osv-scalibr/veles/secrets/salesforceoauth2client"
	"github.com/google/osv-scalibr/veles/secrets/salesforceoauth2jwt"
	"github.com/google/osv-scalibr/veles/secrets/salesforceoauth2refresh"
	"github.com/google/osv-scalibr/veles/secrets/sendgrid"
	"github.com/google/osv-scalibr/veles/secrets/slacktoken"
	"github.com/google/osv-scalibr/veles/secrets/squareapikey"
	"github.com/google/osv-scalibr/veles/secrets/stripeapikeys"
	"github.com/google/osv-scalibr/veles/secrets/supabase"
	"github.com/google/osv-scalibr/veles/secrets/telegrambotapitoken"
	"github.com/google/osv-scalibr/veles/secrets/vapid"
)

// detector is a row of the table: what finds a secret, and where it is asked. The library's validators, which would send
// a secret to its vendor, are never made.
type detector struct {
	// rule is the name under which a find is shown. It is a contract: users' policies may name it.
	rule string
	make func() veles.Detector
	// keywords of which each match has one in it, or close by; fold: in any case of letters.
	keywords []string
	fold     bool
	// before and after are how many bytes the detector sees around the beginning of a keyword; 0 means 16, and 64 more
	// than tail.
	before, after int
	// cost of a byte that the detector sees, in parts of [maxLooked]; 0 means 1.
	cost int
	// tail is how many bytes of a token must follow the keyword at once; see [isToken].
	tail int
	// confirm looks at the keyword in b[at:end] and what is around it, before anything dearer is done.
	confirm func(b []byte, at, end int) bool
	// with is a text that what the detector sees must hold too, and run the length of a run of a token's bytes.
	with string
	run  int
	// near says that the keyword is not part of the secret.
	near bool
	// alone says that no byte of a token may stand beside the secret: for shapes that parts of longer texts have.
	alone bool
	// accept says whether a value can be a secret; nil: all can.
	accept func(value string) bool

	veles.Detector
}

// How far the parts of a secret of two or three may be from the first. The library allows 10 KiB, at a cost that is the
// product of the numbers of parts.
const (
	pairReach   = 2 << 10
	pairCost    = 32
	tripleReach = 1 << 10
	tripleCost  = 64
)

// detectorTable lists the special rules before the general ones: of equal secrets the first is shown.
func detectorTable() []detector {
	return []detector{
		{
			rule: "anthropic-api-key", make: anthropicapikey.NewDetector,
			keywords: []string{"sk-ant-"}, tail: 8, after: 256,
		},
		{
			rule: "aws-access-key", make: awsaccesskey.NewDetector,
			keywords: []string{"AKIA", "ASIA"},
			tail:     16, near: true, before: pairReach, after: pairReach, cost: pairCost,
		},
		{
			rule: "azure-storage-account-key", make: azurestorageaccountaccesskey.NewDetector,
			keywords: []string{"azure", "az storage"}, fold: true, near: true,
			before: 320, after: 320, confirm: azureKey, run: 86,
		},
		{
			rule: "azure-token", make: azuretoken.NewDetector,
			keywords: []string{".eyJ"}, tail: 8, before: 1 << 10, after: 8 << 10,
		},
		{
			rule: "hcp-access-token", make: func() veles.Detector { return hcp.NewAccessTokenDetector() },
			keywords: []string{".eyJ"}, tail: 8, before: 1 << 10, after: 8 << 10,
		},
		{
			rule: "supabase-service-role", make: supabase.NewServiceRoleJWTDetector,
			keywords: []string{".eyJ"}, tail: 8, before: 1 << 10, after: 8 << 10,
		},
		{
			rule: "bitwarden-oauth2-secret", make: bitwardenoauth2access.NewDetector,
			keywords: []string{"_token_apiKeyClientSecret"}, near: true, before: 64, after: 128, run: 10,
		},
		{
			rule: "circleci-personal-token", make: circleci.NewPersonalAccessTokenDetector,
			keywords: []string{"CCIPAT_"}, tail: 63,
		},
		{rule: "circleci-project-token", make: circleci.NewProjectTokenDetector, keywords: []string{"CCIPRJ_"}, tail: 63},
		{
			rule: "cloudflare-api-token", make: cloudflareapitoken.NewDetector,
			keywords: []string{"cloudflare_api_", "cloudflare_token", "cloudflare_auth_key", "cf_api_", "cf_token", "cf_account_id"},
			fold:     true, near: true,
			after: 128, run: 40,
		},
		{rule: "crates-io-token", make: cratesioapitoken.NewDetector, keywords: []string{"cio"}, tail: 32},
		{rule: "cursor-api-key", make: cursorapikey.NewDetector, keywords: []string{"key_"}, tail: 64},
		{rule: "deno-user-token", make: denopat.NewUserTokenDetector, keywords: []string{"ddp_"}, tail: 36},
		{rule: "deno-organization-token", make: denopat.NewOrgTokenDetector, keywords: []string{"ddo_"}, tail: 36},
		{rule: "digitalocean-token", make: digitaloceanapikey.NewDetector, keywords: []string{"dop_v1_"}, tail: 64},
		{
			rule: "discord-bot-token", make: discordbottoken.NewDetector,
			keywords: []string{"discord"}, fold: true, near: true, before: 160, after: 176, run: 59,
		},
		{rule: "docker-hub-token", make: dockerhubpat.NewDetector, keywords: []string{"dckr_pat_"}, tail: 27},
		{rule: "elastic-cloud-api-key", make: elasticcloudapikey.NewDetector, keywords: []string{"essu_"}, tail: 90},
		{rule: "gcp-api-key", make: gcpapikey.NewDetector, keywords: []string{"AIzaSy"}, tail: 33},
		{rule: "gcp-express-key", make: gcpexpressmode.NewDetector, keywords: []string{"AQ.Ab8R"}, tail: 46},
		{
			rule: "gcp-oauth2-access-token", make: gcpoauth2access.NewDetector,
			keywords: []string{"ya29."}, tail: 20, after: 512,
		},
		{
			rule: "gcp-oauth2-client-secret", make: gcpoauth2client.NewDetector,
			keywords: []string{"GOCSPX-"},
			tail:     28, near: true, before: pairReach, after: pairReach, cost: pairCost, with: ".apps.googleusercontent.com",
		},
		{
			rule: "gcp-service-account-key", make: func() veles.Detector { return gcpsak.NewDetector() },
			keywords: []string{"auth_provider_x509_cert_url"}, before: 4 << 10, after: 4 << 10, cost: pairCost,
		},
		{
			rule: "gcp-service-account-key", make: func() veles.Detector { return gcpsak.NewDetector() },
			keywords: []string{"ewogICJ0eXBlIjogInNlcnZpY2VfYWNjb3VudCIs"}, tail: 52, after: 8 << 10, cost: pairCost,
		},
		{
			rule: "gcs-hmac-key", make: gcshmackey.NewDetector,
			keywords: []string{"GOOG"}, tail: 20, near: true, before: pairReach, after: pairReach, cost: pairCost,
		},
		{
			rule: "bitbucket-url-password", make: bitbucket.NewDetector,
			keywords: []string{"@bitbucket.org/"}, before: 512, after: 512, accept: urlSecret,
		},
		{
			rule: "codecatalyst-url-password", make: codecatalyst.NewDetector,
			keywords: []string{"codecatalyst.aws/"}, before: 512, after: 512, accept: urlSecret,
		},
		{
			rule: "codecommit-url-password", make: codecommit.NewDetector,
			keywords: []string{"@git-codecommit."}, before: 512, after: 512, accept: urlSecret,
		},
		{
			rule: "github-fine-grained-token", make: github.NewFineGrainedPATDetector,
			keywords: []string{"github_pat_"}, tail: 82,
		},
		{
			rule: "github-fine-grained-token", make: github.NewFineGrainedPATDetector,
			keywords: []string{"Z2l0aHViX3BhdF"}, tail: 80, after: 160,
		},
		{rule: "github-token", make: github.NewClassicPATDetector, keywords: []string{"Z2hwX"}, tail: 40},
		{rule: "github-token", make: github.NewOAuthTokenDetector, keywords: []string{"Z2hvX"}, tail: 40},
		{rule: "github-token", make: github.NewAppU2SDetector, keywords: []string{"Z2h1X"}, tail: 40},
		{rule: "github-token", make: github.NewAppS2STokenDetector, keywords: []string{"Z2hzX"}, tail: 40},
		{
			rule: "github-token", make: github.NewAppRefreshTokenDetector,
			keywords: []string{"Z2hyX"}, tail: 90, after: 160,
		},
		{rule: "gitlab-token", make: gitlabpat.NewDetector, keywords: []string{"glpat-"}, tail: 20, after: 384},
		{
			rule: "grok-management-key", make: grokxaiapikey.NewManagementKeyDetector,
			keywords: []string{"xai-token-"}, tail: 80,
		},
		{rule: "grok-api-key", make: grokxaiapikey.NewAPIKeyDetector, keywords: []string{"xai-"}, tail: 80},
		{
			rule: "hashicorp-vault-token", make: hashicorpvault.NewTokenDetector,
			keywords: []string{"hvs.", "hvb."}, tail: 24, after: 256,
		},
		{
			rule: "hashicorp-vault-secret-id", make: hashicorpvault.NewAppRoleDetector,
			keywords: []string{"secret_id", "secret-id", "secretid"}, fold: true, near: true, after: 96, run: 36,
		},
		{
			rule: "hcp-client-secret", make: hcp.NewPairDetector,
			keywords: []string{"hcp_client_secret"}, fold: true, near: true, after: 160, run: 60,
		},
		{rule: "heroku-api-key", make: herokuplatformkey.NewSecretKeyDetector, keywords: []string{"HRKU-"}, tail: 60},
		{
			rule: "http-basic-auth", make: http.NewBasicAuthDetector,
			keywords: []string{"basic "}, fold: true,
			tail: 8, confirm: basicCredentials, before: 224, after: 512, with: "uthorization", accept: passwordLike,
		},
		{
			rule: "http-bearer-token", make: http.NewBearerDetector,
			keywords: []string{"bearer "}, fold: true,
			tail: 20, before: 224, after: 4 << 10, with: "uthorization", accept: bearerLike,
		},
		{
			rule: "huggingface-token", make: huggingfaceapikey.NewDetector,
			keywords: []string{"hf_"}, tail: 34, alone: true,
		},
		{
			rule: "mistral-api-key", make: mistralapikey.NewDetector,
			keywords: []string{"mistral_api_key", "mistral-api-key", "mistralapikey", "mistral_key", "api.mistral.ai"},
			fold:     true, near: true,
			before: 256, after: 288, run: 32,
		},
		{rule: "npm-token", make: npmjsaccesstoken.NewDetector, keywords: []string{"npm_"}, tail: 36},
		{rule: "1password-secret-key", make: onepasswordkeys.NewSecretKeyDetector, keywords: []string{"A3-"}, tail: 30},
		{
			rule: "1password-service-token", make: onepasswordkeys.NewServiceTokenDetector,
			keywords: []string{"ops_eyJ"}, tail: 250, after: 2 << 10,
		},
		{
			rule: "1password-recovery-code", make: onepasswordkeys.NewRecoveryTokenDetector,
			keywords: []string{"1PRK-"}, tail: 60,
		},
		{
			rule: "openai-api-key", make: openai.NewDetector,
			keywords: []string{"T3BlbkFJ"}, tail: 8, before: 256, after: 256,
		},
		{rule: "openrouter-api-key", make: openrouter.NewDetector, keywords: []string{"sk-or-v"}, tail: 22, after: 256},
		{
			rule: "packagist-api-secret", make: packagist.NewAPISecretDetector,
			keywords: []string{"packagist_acs_"},
			tail:     64, near: true, before: pairReach, after: pairReach, cost: pairCost,
		},
		{
			rule: "packagist-organization-read-token", make: packagist.NewOrgReadTokenDetector,
			keywords: []string{"packagist_ort_"}, tail: 68,
		},
		{
			rule: "packagist-organization-update-token", make: packagist.NewOrgUpdateTokenDetector,
			keywords: []string{"packagist_out_"}, tail: 68,
		},
		{
			rule: "packagist-user-update-token", make: packagist.NewUserUpdateTokenDetector,
			keywords: []string{"packagist_uut_"}, tail: 68,
		},
		{
			rule: "packagist-conductor-token", make: packagist.NewConductorUpdateTokenDetector,
			keywords: []string{"packagist_cut_"}, tail: 68,
		},
		{
			rule: "paystack-secret-key", make: paystacksecretkey.NewSecretKeyDetector,
			keywords: []string{"sk_live_", "sk_test_"}, tail: 40, alone: true,
		},
		{rule: "perplexity-api-key", make: perplexityapikey.NewDetector, keywords: []string{"pplx-"}, tail: 48},
		{rule: "postman-api-key", make: postmanapikey.NewAPIKeyDetector, keywords: []string{"PMAK-"}, tail: 59},
		{
			rule: "postman-collection-token", make: postmanapikey.NewCollectionTokenDetector,
			keywords: []string{"PMAT-"}, tail: 26,
		},
		{rule: "pypi-token", make: pypiapitoken.NewDetector, keywords: []string{"pypi-"}, tail: 85, after: 512},
		{rule: "pyx-key", make: pyxkeyv1.NewDetector, keywords: []string{"sk-pyx-"}, tail: 64},
		{rule: "pyx-key", make: pyxkeyv2.NewDetector, keywords: []string{"sk-pyx-2"}, tail: 45},
		{
			rule: "recaptcha-secret", make: recaptchakey.NewDetector,
			keywords: []string{"captcha"}, fold: true, near: true, before: 16, after: 512, run: 40,
		},
		{rule: "rubygems-api-key", make: rubygemsapikey.NewDetector, keywords: []string{"rubygems_"}, tail: 48},
		{
			rule: "salesforce-access-token", make: salesforceoauth2access.NewDetector,
			keywords: []string{"00D"}, tail: 8, after: 160, with: "!",
		},
		{
			rule: "salesforce-oauth2-client-secret", make: salesforceoauth2client.NewDetector,
			keywords: []string{"3MVG"},
			tail:     20, near: true, before: tripleReach, after: tripleReach, cost: tripleCost, with: ".my.salesforce.com",
		},
		{
			rule: "salesforce-oauth2-refresh-token", make: salesforceoauth2refresh.NewDetector,
			keywords: []string{"3MVG"}, tail: 20, near: true, before: tripleReach, after: tripleReach, cost: tripleCost,
		},
		{
			rule: "salesforce-oauth2-private-key", make: salesforceoauth2jwt.NewDetector,
			keywords: []string{"3MVG"},
			tail:     20, near: true, before: 2 * pairReach, after: 2 * pairReach, cost: tripleCost, with: "PRIVATE KEY-----",
		},
		{
			rule: "private-key", make: privatekey.NewDetector,
			keywords: []string{"PRIVATE KEY-----"},
			before:   48, after: 16 << 10, cost: 4, confirm: begins, with: "-----END ",
		},
		{rule: "sendgrid-api-key", make: sendgrid.NewDetector, keywords: []string{"SG."}, tail: 66},
		{
			rule: "slack-app-token", make: slacktoken.NewAppLevelTokenDetector,
			keywords: []string{"xapp-"}, tail: 90, after: 128,
		},
		{
			rule: "slack-configuration-access-token", make: slacktoken.NewAppConfigAccessTokenDetector,
			keywords: []string{"xoxe.xoxp-"}, tail: 168, after: 256,
		},
		{
			rule: "slack-configuration-refresh-token", make: slacktoken.NewAppConfigRefreshTokenDetector,
			keywords: []string{"xoxe-"}, tail: 149, after: 256,
		},
		{
			rule: "square-access-token", make: squareapikey.NewPersonalAccessTokenDetector,
			keywords: []string{"EAAA"}, tail: 60, alone: true,
		},
		{
			rule: "square-oauth-secret", make: squareapikey.NewOAuthApplicationSecretDetector,
			keywords: []string{"sq0csp-"}, tail: 43,
		},
		{
			rule: "stripe-secret-key", make: stripeapikeys.NewSecretKeyDetector,
			keywords: []string{"sk_live_"}, tail: 10, after: 160,
		},
		{
			rule: "stripe-restricted-key", make: stripeapikeys.NewRestrictedKeyDetector,
			keywords: []string{"rk_live_"}, tail: 10, after: 160,
		},
		{
			rule: "stripe-webhook-secret", make: stripeapikeys.NewWebhookSecretDetector,
			keywords: []string{"whsec_"}, tail: 32,
		},
		{rule: "supabase-access-token", make: supabase.NewPATDetector, keywords: []string{"sbp_"}, tail: 40},
		{
			rule: "supabase-project-secret", make: supabase.NewProjectSecretKeyDetector,
			keywords: []string{"sb_secret_"},
			tail:     31, near: true, before: pairReach, after: pairReach, cost: pairCost, with: ".supabase.co",
		},
		{
			rule: "telegram-bot-token", make: telegrambotapitoken.NewDetector,
			keywords: []string{"telegram", "tgram"}, fold: true, near: true, before: 128, after: 128, run: 35,
		},
		{
			rule: "vapid-key", make: vapid.NewDetector,
			keywords: []string{"vapid"}, fold: true, near: true, before: 512, after: 512, run: 43,
		},

		// Our own, where the library has nothing or wants more than a place can tell.
		{
			rule: "github-token", make: githubToken,
			keywords: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, tail: 36, alone: true,
		},
		{
			rule: "slack-token", make: slackToken,
			keywords: []string{"xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"}, tail: 24, after: 256,
		},
		{
			rule: "aws-secret-access-key", make: awsSecretKey,
			keywords: []string{"secret_key", "secretkey", "secret_access", "secretaccess"}, fold: true,
			after: 96, run: 40, accept: awsLike,
		},
		{
			rule: "private-key", make: indentedKey,
			keywords: []string{"PRIVATE KEY-----"},
			before:   48, after: 16 << 10, cost: 4, confirm: begins, with: "-----END ",
		},
		{
			rule: "url-password", make: urlPassword,
			keywords: []string{"://"}, after: 320, confirm: hasUserinfo, accept: passwordLike,
		},
		{rule: "jwt", make: jwt.NewDetector, keywords: []string{".eyJ"}, tail: 8, before: 1 << 10, after: 8 << 10},
	}
}

// leftOut are the library's detectors that are not in the table, with the reason; the documentation shows them.
var leftOut = []struct{ name, reason string }{
	{"HTTP cookies and CSRF tokens", "short-lived, and most in an image are examples"},
	{"bank and tax numbers (IBAN, SSN, ITIN, ATIN)", "not secrets of software, and without a text to look for first"},
	{"Tink keysets", "rare, and the detector brings all of Tink with it"},
	{"credentials in URLs of any kind", "`url-password` does it, and looks at the password alone"},
	{"HashiCorp Vault tokens of the old form `s.…`", "any name with a dot looks like one"},
}
