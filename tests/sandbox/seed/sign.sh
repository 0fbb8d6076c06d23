export YOUR_API_KEY="n32r4bx1xmxxm2vjrah3lnczhmt7i7yg";
export YOUR_API_SECRET="0d245f7034e999f613f9547972b93d661e65839aa06663c97633c360ae987904";

//unix time or any random integer value
export NONCE=$(date +%s);

//hmac-SHA256 (YOUR_API_SECRET+Nonce) with YOUR_API_KEY
export SIGNATURE="$(echo -n "${YOUR_API_SECRET}${NONCE}" | openssl dgst -sha256 -hmac "${YOUR_API_KEY}")";
