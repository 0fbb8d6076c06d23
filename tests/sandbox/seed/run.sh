# IMPORTANT: Remove all commented lines (starting with #) before running
# Bash doesn't support comments in command continuation (lines ending with \)

curl -X POST "https://api.wiro.ai/v1/Run/tencent/hunyuan-flux-srpo"  \
-H "x-api-key: ${YOUR_API_KEY}" \
-H "x-nonce: ${NONCE}" \
-H "x-signature: ${SIGNATURE}" \
  // IMPORTANT:
  // - inputImage: up to 1 entry (files, URLs, or mixed)

  // Option 1: Send 1 inputImage as FILE
  -F "inputImage=@path/to/image1.jpg" \

  // Option 2: Send 1 inputImage as URL
  // -F "inputImage=https://example.com/image1.jpg" \

  -F "prompt=A close up portrait of a Chinese princess wearing colorful clothing with a highly detailed face and eyes." \
  -F "steps=20" \
  -F "scale=3.5" \
  -F "strength=0.88" \
  -F "samples=1" \
  -F "seed=7350148318" \
  -F "width=1024" \
  -F "height=1024" \
  -F "callbackUrl=Optional: Webhook URL for task completion notifications";
